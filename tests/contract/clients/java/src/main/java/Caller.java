// An ordinary program on the AWS SDK for Java v2: who am I, for SECONDS (0: once), with one client.
import software.amazon.awssdk.services.sts.StsClient;

public final class Caller {
    public static void main(String[] arguments) throws InterruptedException {
        long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
        try (StsClient sts = StsClient.create()) {
            while (true) {
                System.out.println(sts.getCallerIdentity().arn());
                if (System.nanoTime() - end >= 0) {
                    break;
                }
                Thread.sleep(200);
            }
        }
    }
}
