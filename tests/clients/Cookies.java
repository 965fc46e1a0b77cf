import java.io.InputStream;
import java.net.CookieHandler;
import java.net.CookieManager;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/**
 * Visits an address with the cookies that java.net keeps. Arguments: the address, then the steps
 * for the probe at each visit. Each visit but the first is made twice, by java.net.http and by
 * HttpURLConnection, which Android has. Prints a list of the answers.
 */
public class Cookies {
    public static void main(String[] given) throws Exception {
        CookieManager cookies = new CookieManager();
        CookieHandler.setDefault(cookies);
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).cookieHandler(cookies).build();
        StringBuilder answers = new StringBuilder("[");
        for (int visit = 1; visit < given.length; visit++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(given[0])).header("probe-steps", given[visit]).build();
            answers.append(visit > 1 ? "," : "").append(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
            if (visit == 1) continue;
            HttpURLConnection connection = (HttpURLConnection) URI.create(given[0]).toURL().openConnection();
            connection.setRequestProperty("probe-steps", given[visit]);
            try (InputStream body = connection.getInputStream()) {
                answers.append(",").append(new String(body.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        System.out.println(answers.append("]"));
    }
}
