/** Gives the event loop a turn between two pieces of synchronous work. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
