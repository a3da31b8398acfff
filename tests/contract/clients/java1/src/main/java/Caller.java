// An ordinary program on the AWS SDK for Java v1: who am I, for SECONDS (0: once), with one client.
// It does not know AWS_ENDPOINT_URL_STS, so that is handed to it.
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.securitytoken.AWSSecurityTokenService;
import com.amazonaws.services.securitytoken.AWSSecurityTokenServiceClientBuilder;
import com.amazonaws.services.securitytoken.model.GetCallerIdentityRequest;

public final class Caller {
    public static void main(String[] arguments) throws InterruptedException {
        long end = System.nanoTime() + (long) (Double.parseDouble(arguments[0]) * 1e9);
        String endpoint = System.getenv("AWS_ENDPOINT_URL_STS");
        AWSSecurityTokenService sts = AWSSecurityTokenServiceClientBuilder.standard()
            .withEndpointConfiguration(new EndpointConfiguration(endpoint, System.getenv("AWS_REGION")))
            .build();
        while (true) {
            System.out.println(sts.getCallerIdentity(new GetCallerIdentityRequest()).getArn());
            if (System.nanoTime() - end >= 0) {
                break;
            }
            Thread.sleep(200);
        }
        sts.shutdown();
    }
}
