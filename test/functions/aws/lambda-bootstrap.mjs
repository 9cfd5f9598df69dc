// What the managed runtime does around a handler, in a process of its own: loads it, then asks the Runtime API for
// invocations (Lambda developer guide, "Using the Lambda runtime API").
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

async function post(path, value) {
  await fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(value) });
}

function describe({ name, message, stack }) {
  return { errorType: name, errorMessage: message, trace: stack?.split('\n') };
}

process.on('SIGTERM', () => process.exit(0));

let handler;
try {
  ({ handler } = await import(process.env.HANDLER_FILE));
} catch (error) {
  await post('init/error', describe(error));
  process.exit(1);
}

for (;;) {
  const invocation = await fetch(`${api}/invocation/next`);
  const awsRequestId = invocation.headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(invocation.headers.get('lambda-runtime-deadline-ms'));
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    await post(`invocation/${awsRequestId}/response`, await handler(await invocation.json(), context));
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, describe(error));
  }
}
