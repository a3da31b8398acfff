// An ordinary program on the AWS SDK for JavaScript v3: who am I, for SECONDS (0: once), with one client.
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";

const sts = new STSClient({});
const end = Date.now() + 1000 * Number(process.argv[2]);
for (;;) {
  console.log((await sts.send(new GetCallerIdentityCommand({}))).Arn);
  if (Date.now() >= end) break;
  await new Promise((later) => setTimeout(later, 200));
}
