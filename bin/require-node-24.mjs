// Loaded before the entry: an older Node cannot even read the TypeScript that would say this.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Node 24 or newer is needed; this is ${process.versions.node}. Install it (see .nvmrc), then run npm ci.`,
  );
  process.exit(1);
}
