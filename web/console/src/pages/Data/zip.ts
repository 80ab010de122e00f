// Files in a zip without compression: migrations are small, and no library is worth it (APPNOTE.TXT 4.3).

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export const crc32 = (bytes: Uint8Array): number => {
  let c = 0xffffffff;
  for (const byte of bytes) c = (table[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

/** A zip of files by their paths, all of one date so that equal files are an equal zip. */
export const zip = (files: { path: string; text: string }[]): Uint8Array<ArrayBuffer> => {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const record = (size: number, fields: [at: number, bytes: 2 | 4, value: number][], ...tail: Uint8Array[]) => {
    const head = new DataView(new ArrayBuffer(size));
    for (const [at, bytes, value] of fields) bytes === 2 ? head.setUint16(at, value, true) : head.setUint32(at, value, true);
    return [new Uint8Array(head.buffer), ...tail];
  };
  const size = (list: Uint8Array[]) => list.reduce((sum, part) => sum + part.length, 0);
  for (const file of files) {
    const name = encoder.encode(file.path);
    const data = encoder.encode(file.text);
    // version 2.0, names in UTF-8, stored, 1980-01-01, checksum and sizes
    const shared = (at: number): [number, 2 | 4, number][] => [
      [at, 2, 20],
      [at + 2, 2, 0x0800],
      [at + 8, 2, 0x0021],
      [at + 10, 4, crc32(data)],
      [at + 14, 4, data.length],
      [at + 18, 4, data.length],
      [at + 22, 2, name.length],
    ];
    const local = record(30, [[0, 4, 0x04034b50], ...shared(4)], name, data);
    directory.push(...record(46, [[0, 4, 0x02014b50], [4, 2, 20], ...shared(6), [42, 4, offset]], name));
    parts.push(...local);
    offset += size(local);
  }
  const end = record(22, [
    [0, 4, 0x06054b50],
    [8, 2, files.length],
    [10, 2, files.length],
    [12, 4, size(directory)],
    [16, 4, offset],
  ]);
  const all = [...parts, ...directory, ...end];
  const out = new Uint8Array(size(all));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
