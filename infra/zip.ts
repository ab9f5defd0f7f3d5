/** Writes zip archives whose bytes depend on their content alone, so that the same sources are the same bundle. */

import { constants, crc32, deflateRawSync } from 'node:zlib';

export interface Entry {
  /** Within the archive, with slashes. */
  path: string;
  content: Uint8Array;
}

// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8 = 0x0800;
const DEFLATE = 8;
/** 1980-01-01, the first day that the format knows. */
const DATE = 0x0021;
/** A file that everybody may read, made on Unix. */
const MADE_ON_UNIX = 0x0300 | VERSION;
const MODE = 0o100644 * 0x10000;

/** @returns the archive, its entries in the order of their paths; without zip64, so below 4 GB and 65,535 entries */
export function zip(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = Buffer.from(path);
    const data = deflateRawSync(content, { level: constants.Z_BEST_COMPRESSION });
    const common = commonFields(name, content, data);
    const header = Buffer.concat([uint32(LOCAL), common, name]);
    // No comment, on the first disk, binary.
    const none = Buffer.alloc(6);
    directory.push(
      Buffer.concat([uint32(CENTRAL), uint16(MADE_ON_UNIX), common, none, uint32(MODE), uint32(offset), name]),
    );
    parts.push(header, data);
    offset += header.length + data.length;
  }
  const central = Buffer.concat(directory);
  const counts = Buffer.concat([uint16(0), uint16(0), uint16(entries.length), uint16(entries.length)]);
  return Buffer.concat([...parts, central, uint32(END), counts, uint32(central.length), uint32(offset), uint16(0)]);
}

/** What stands in a file's own header and in the directory alike: from the version to the length of what is extra. */
function commonFields(name: Buffer, content: Uint8Array, data: Buffer): Buffer {
  return Buffer.concat([
    ...[VERSION, UTF8, DEFLATE, 0, DATE].map(uint16),
    ...[crc32(content), data.length, content.length].map(uint32),
    ...[name.length, 0].map(uint16),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
