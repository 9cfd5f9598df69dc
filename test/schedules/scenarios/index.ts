export { abortAndCrop, cropOfSameType } from './abort-and-crop.ts';
export { deleteAndPurge, deleteWithTwoWorkers } from './delete-and-purge.ts';
export { draftClaim } from './draft-claim.ts';
export { multipartCompletion } from './multipart-completion.ts';
export { reSentForm } from './re-sent-form.ts';
