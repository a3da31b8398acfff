// An ordinary program on the AWS SDK for JavaScript v2: who am I, for SECONDS (0: once), with one client.
// It does not know AWS_ENDPOINT_URL_STS, so that is handed to it.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const STS = require("aws-sdk/clients/sts");

(async () => {
  const sts = new STS({ endpoint: process.env.AWS_ENDPOINT_URL_STS });
  const end = Date.now() + 1000 * Number(process.argv[2]);
  for (;;) {
    console.log((await sts.getCallerIdentity().promise()).Arn);
    if (Date.now() >= end) break;
    await new Promise((later) => setTimeout(later, 200));
  }
})();
