export function rebuildProfile(profile: Uint8Array, _options?: { length: 'same' }): Buffer | undefined {
  return Buffer.from(profile);
}
