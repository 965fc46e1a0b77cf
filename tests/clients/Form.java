import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;

/**
 * Sends a form by java.net.http, which writes none itself, as programs do that put one together by
 * hand. Arguments: an address, steps for the probe, an encoding, a field, a text, a file's name,
 * and what is in the file. Prints the answer.
 */
public class Form {
    public static void main(String[] given) throws Exception {
        Charset charset = Charset.forName(given[2]);
        String boundary = "=" + System.nanoTime() + "=";
        String body = "--" + boundary + "\r\n"
            + "Content-Disposition: form-data; name=\"" + given[3] + "\"\r\n"
            + "Content-Type: text/plain; charset=" + charset + "\r\n\r\n"
            + given[4] + "\r\n"
            + "--" + boundary + "\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"" + given[5] + "\"\r\n\r\n"
            + given[6] + "\r\n"
            + "--" + boundary + "--\r\n";
        HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
            .header("probe-steps", given[1])
            .header("Content-Type", "multipart/form-data; boundary=" + boundary)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.getBytes(charset)))
            .build();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
}
