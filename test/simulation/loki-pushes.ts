/** A push with several streams, which our writer never sends, made of pushes with one each. */

/** `bodies` are from `encodePush`. */
export function joinPushes(bodies: readonly Uint8Array[]): Buffer {
  // A message of protobuf behind another one is both of them in one.
  const message = Buffer.concat(bodies.map(messageOf));
  const header = Buffer.alloc(5);
  header[0] = 0xfc;
  header.writeUInt32LE(message.length - 1, 1);
  return Buffer.concat([varint(message.length), header, message]);
}

/** What follows the block's length and its one literal's header. */
function messageOf(body: Uint8Array): Uint8Array {
  const lengthBytes = body.findIndex((byte) => byte < 0x80) + 1;
  return body.subarray(lengthBytes + 5);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
