/**
 * Free bytes of the file system that holds a path, as the machine's own list of mounts has it.
 * @returns undefined when it is not known
 */
export async function freeBytesAt(path: string): Promise<number | undefined> {
  // Loaded late: it is large, and only plans that are kept in a directory need it.
  const { fsSize } = await import('systeminformation');
  const mounts = await fsSize();
  const holder = mounts
    .filter(({ mount }) => path === mount || path.startsWith(mount.endsWith('/') ? mount : `${mount}/`))
    .sort((a, b) => b.mount.length - a.mount.length)[0];
  return holder?.available;
}
