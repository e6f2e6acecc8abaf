import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Push to everybody, to a channel, to a user, in a batch, and twice under one id. Needs Java 17 or newer, and no library.
 */
class Push {
    static final String URL = System.getenv().getOrDefault("MESSAGE_CENTER_URL", "http://127.0.0.1:2346");
    static final String TOKEN = System.getenv("MESSAGE_CENTER_TOKEN");
    static final int TRIES = 5;
    static final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    /** Posts until there is an answer. An id in each message lets it be queued once, however often it comes. */
    static void post(String path, String json) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(URL + path)).timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json));
        if (TOKEN != null) request.header("Authorization", "Bearer " + TOKEN);
        for (int attempt = 1; ; attempt++) {
            long seconds = 1;
            try {
                var answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
                // A JSON library tells more: {"code":-1,"error":"for programs","msg":"for people"}
                if (answer.statusCode() == 200 && answer.body().startsWith("{\"code\":0,")) return;
                boolean mayPass = List.of(429, 502, 503, 504).contains(answer.statusCode());
                if (!mayPass || attempt == TRIES) throw new Refused(answer.statusCode() + " " + answer.body().strip());
                seconds = answer.headers().firstValueAsLong("Retry-After").orElse(1);
            } catch (Refused refused) {
                throw refused;
            } catch (IOException noAnswer) { // It may be queued or not.
                if (attempt == TRIES) throw noAnswer;
            }
            Thread.sleep(Duration.ofSeconds(seconds).toMillis());
        }
    }

    static class Refused extends IOException {
        Refused(String answer) {
            super(answer);
        }
    }

    /** A message in JSON; `to` is such as "users", List.of("42"), or nothing for everybody. */
    static String message(String id, String content, Object... to) {
        String names = to.length == 0 ? "" : ",%s:%s".formatted(quoted(to[0]),
            ((List<?>) to[1]).stream().map(Push::quoted).collect(Collectors.joining(",", "[", "]")));
        return "{\"id\":%s,\"content\":%s%s}".formatted(quoted(id), quoted(content), names);
    }

    static String quoted(Object text) {
        return text.toString().chars()
            .mapToObj(c -> c < ' ' || c == '"' || c == '\\' ? "\\u%04x".formatted(c) : Character.toString(c))
            .collect(Collectors.joining("", "\"", "\""));
    }

    static String newId() {
        return UUID.randomUUID().toString();
    }

    public static void main(String[] arguments) throws InterruptedException {
        var orders = List.of("orders");
        var shipped = message("order-1024-shipped", "order 1024 is shipped", "channels", orders);
        try {
            post("/push", message(newId(), "hello from Java"));
            post("/push", message(newId(), "order 1024 is paid", "channels", orders));
            post("/push", message(newId(), "your parcel is here", "users", List.of("42")));
            post("/push/batch", "[" + message(newId(), "first") + "," + message(newId(), "second", "channels", orders) + "]");
            post("/push", shipped);
            post("/push", shipped); // As if the answer had been lost. It arrives once.
            System.out.println("pushed");
        } catch (Refused refused) {
            System.err.println("refused: " + refused.getMessage());
            System.exit(1);
        } catch (IOException noAnswer) {
            System.err.println("no answer from " + URL + ": " + noAnswer);
            System.exit(1);
        }
    }
}
