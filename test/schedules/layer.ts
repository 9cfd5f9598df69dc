/**
 * Positions that are reached with the same number of steps, each once: rows of numbers in one array with a hash table over
 * them, because there are millions.
 */
export interface Layer {
  readonly size: number;
  /** Adds a row. False: an equal one is there already, and the ways are counted there. */
  add(row: ArrayLike<number>, how: Arrival): boolean;
  /** The numbers of a row. */
  wordAt(index: number, word: number): number;
  waysAt(index: number): number[];
  /** How each row was first reached. */
  arrivals(): Arrivals;
}

/** How a row was reached. */
export interface Arrival {
  /** The number of schedules, by the number of their preemptions. */
  readonly ways: readonly number[];
  /** The row in the layer before. */
  readonly from: number;
  /** What was done there. */
  readonly choice: number;
}

export interface Arrivals {
  readonly from: Int32Array;
  readonly choice: Uint8Array;
}

const FIRST_CAPACITY = 1024;

export function createLayer({ words, kinds }: { readonly words: number; readonly kinds: number }): Layer {
  let capacity = FIRST_CAPACITY;
  let size = 0;
  let rows = new Int32Array(capacity * words);
  let ways = new Float64Array(capacity * kinds);
  let from = new Int32Array(capacity);
  let choice = new Uint8Array(capacity);
  let slots = new Int32Array(capacity * 4);

  /** The slot of an equal row, or the empty one where it would be. */
  function slotOf(row: ArrayLike<number>, start: number): number {
    const mask = slots.length - 1;
    let slot = hashOf(row, start, words) & mask;
    for (let index = (slots[slot] as number) - 1; index >= 0; index = (slots[slot] as number) - 1) {
      if (isSameRow(row, start, index * words)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  function isSameRow(row: ArrayLike<number>, start: number, other: number): boolean {
    for (let word = 0; word < words; word += 1) if (rows[other + word] !== row[start + word]) return false;
    return true;
  }

  function grow(): void {
    capacity *= 2;
    rows = grown(rows, new Int32Array(capacity * words));
    ways = grown(ways, new Float64Array(capacity * kinds));
    from = grown(from, new Int32Array(capacity));
    choice = grown(choice, new Uint8Array(capacity));
    slots = new Int32Array(capacity * 4);
    for (let index = 0; index < size; index += 1) slots[slotOf(rows, index * words)] = index + 1;
  }

  return {
    get size() {
      return size;
    },
    add(row, how) {
      if (size === capacity) grow();
      const slot = slotOf(row, 0);
      const known = (slots[slot] as number) - 1;
      const index = known < 0 ? size : known;
      for (let kind = 0; kind < kinds; kind += 1) {
        const at = index * kinds + kind;
        ways[at] = (ways[at] as number) + (how.ways[kind] as number);
      }
      if (known >= 0) return false;
      slots[slot] = size + 1;
      for (let word = 0; word < words; word += 1) rows[size * words + word] = row[word] as number;
      from[size] = how.from;
      choice[size] = how.choice;
      size += 1;
      return true;
    },
    wordAt: (index, word) => rows[index * words + word] as number,
    waysAt(index) {
      const found: number[] = [];
      for (let kind = 0; kind < kinds; kind += 1) found.push(ways[index * kinds + kind] as number);
      return found;
    },
    arrivals: () => ({ from: from.slice(0, size), choice: choice.slice(0, size) }),
  };
}

function grown<Numbers extends Int32Array | Float64Array | Uint8Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}

function hashOf(row: ArrayLike<number>, start: number, words: number): number {
  let hash = 0;
  for (let word = 0; word < words; word += 1) {
    hash = Math.imul(hash ^ (row[start + word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
