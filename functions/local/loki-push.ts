/** Reads a push as Loki would: a snappy block of literals around a protobuf `PushRequest`. */

/** One entry of a push, not yet judged. */
export interface PushedEntry {
  timestampNs: string;
  line: string;
  metadata: Record<string, string>;
}

export interface PushedStream {
  /** `{name="value", ...}` */
  labels: string;
  entries: PushedEntry[];
}

/** Throws for what is no push, with what is wrong with it. */
export function decodePush(body: Buffer): PushedStream[] {
  const streams: PushedStream[] = [];
  for (const [field, stream] of messages(readLiterals(body))) {
    if (field !== 1) continue;
    const decoded: PushedStream = { labels: '', entries: [] };
    for (const [part, bytes] of messages(stream)) {
      if (part === 1) decoded.labels = bytes.toString('utf8');
      else if (part === 2) decoded.entries.push(decodeEntry(bytes));
    }
    streams.push(decoded);
  }
  return streams;
}

function decodeEntry(bytes: Buffer): PushedEntry {
  const entry: PushedEntry = { timestampNs: '0', line: '', metadata: {} };
  for (const [field, value] of messages(bytes)) {
    if (field === 1) entry.timestampNs = decodeTimestamp(value);
    else if (field === 2) entry.line = value.toString('utf8');
    else if (field === 3) {
      const pair = { name: '', value: '' };
      for (const [part, text] of messages(value)) pair[part === 1 ? 'name' : 'value'] = text.toString('utf8');
      entry.metadata[pair.name] = pair.value;
    }
  }
  return entry;
}

function decodeTimestamp(bytes: Buffer): string {
  const parts = [0n, 0n, 0n];
  for (let offset = 0; offset < bytes.length; ) {
    const [tag, start] = varint(bytes, offset);
    const [value, next] = varint(bytes, start);
    parts[tag >> 3] = BigInt(value);
    offset = next;
  }
  return String((parts[1] ?? 0n) * 1_000_000_000n + (parts[2] ?? 0n));
}

/** The length-delimited fields of a message, with their numbers. */
function* messages(bytes: Buffer): Generator<[field: number, value: Buffer]> {
  for (let offset = 0; offset < bytes.length; ) {
    const [tag, start] = varint(bytes, offset);
    const [size, from] = varint(bytes, start);
    // Every field of a push but a timestamp's two numbers is length-delimited.
    if ((tag & 7) !== 2) throw new Error('protobuf: an unexpected wire type');
    if (from + size > bytes.length) throw new Error('protobuf: a field goes past the end');
    yield [tag >> 3, bytes.subarray(from, from + size)];
    offset = from + size;
  }
}

function varint(bytes: Buffer, offset: number): [value: number, next: number] {
  let value = 0;
  let factor = 1;
  for (let next = offset; next < bytes.length && next < offset + 8; next += 1) {
    const byte = bytes[next] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, next + 1];
    factor *= 0x80;
  }
  throw new Error('protobuf: a number without an end');
}

/** A snappy block may copy from what came before; ours never does. */
function readLiterals(block: Buffer): Buffer {
  const [size, start] = varint(block, 0);
  const parts: Buffer[] = [];
  for (let offset = start; offset < block.length; ) {
    const tag = block[offset] ?? 0;
    if ((tag & 3) !== 0) throw new Error('snappy: only literals are read here');
    const extra = Math.max(0, (tag >> 2) - 59);
    const length = 1 + (extra === 0 ? tag >> 2 : block.readUIntLE(offset + 1, extra));
    offset += 1 + extra;
    parts.push(block.subarray(offset, offset + length));
    offset += length;
  }
  const whole = Buffer.concat(parts);
  if (whole.length !== size) throw new Error('snappy: corrupt input');
  return whole;
}
