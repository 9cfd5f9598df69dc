import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { describeMetadataStore } from '../contracts/metadata-store.contract.ts';
import { MemoryRecordStore } from './memory-record-store.ts';

describeMetadataStore('a metadata store in memory', async () => ({
  store: createMetadataStore(new MemoryRecordStore()),
  close: async () => {},
}));
