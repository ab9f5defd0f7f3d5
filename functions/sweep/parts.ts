/** Runs many things a part at a time; one that fails fails alone. */

/**
 * @param atOnce how many run at a time
 * @param done told what came of each part, but for those that failed
 * @returns the first failure, once all have run; undefined where there was none
 */
export async function inParts<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  run: (item: Item) => Promise<Result>,
  done: (results: readonly Result[]) => void | Promise<void>,
): Promise<unknown> {
  let failure: unknown;
  for (let from = 0; from < items.length; from += atOnce) {
    const settled = await Promise.allSettled(items.slice(from, from + atOnce).map(run));
    failure ??= settled.find((each) => each.status === 'rejected')?.reason;
    await done(settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
  }
  return failure;
}

/**
 * All that could be read, in order, without what is not there.
 * @throws the first failure: what leaves out what could not be read would be a lie
 */
export async function readAll<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  read: (item: Item) => Promise<Result | undefined>,
): Promise<Result[]> {
  const found: Result[] = [];
  const failure = await inParts(items, atOnce, read, (some) => {
    found.push(...some.filter((one) => one !== undefined));
  });
  if (failure !== undefined) throw failure;
  return found;
}
