/** The rows of the first table after a line of Markdown, each as its cells; without its head. */
export function tableAfter(text: string, line: string): string[][] {
  const [, rest] = text.split(`${line}\n`);
  const [, table = ''] = /^\|.*\n\| ---.*\n((?:\|.*\n)+)/m.exec(rest ?? '') ?? [];
  return table
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
