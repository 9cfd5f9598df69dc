/** What an image of these bytes makes the renderer of hostile-child.ts do. */
export const BEHAVIOURS = {
  hangs: () => {
    for (;;);
  },
  grows: () => {
    const kept: Buffer[] = [];
    for (;;) kept.push(Buffer.alloc(1024 ** 2, 1));
  },
  'fills the heap': () => {
    const kept: unknown[] = [];
    for (;;) kept.push({ kept: [kept.length] });
  },
  'never replies': () => new Promise<never>(() => {}),
  crashes: () => process.kill(process.pid, 'SIGSEGV'),
  exits: () => process.exit(7),
  throws: () => {
    throw new TypeError('no such pixel');
  },
  'lists its environment': () => {
    throw new Error(Object.keys(process.env).join(' '));
  },
  'names its process': () => {
    throw new Error(`${process.pid}`);
  },
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

/** The module that the pool is given instead of the service's. */
export const HOSTILE_CHILD = new URL('./hostile-child.ts', import.meta.url);

/** An image that makes the renderer behave so. */
export function imageThat(behaviour: Behaviour): Buffer {
  return Buffer.from(behaviour);
}
