import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/**
 * Listen to a channel, and after each break go on with the next message. Needs Java 17 or newer, and no library.
 */
class Listen implements WebSocket.Listener {
    static final String URL = System.getenv().getOrDefault("MESSAGE_CENTER_LISTEN_URL", "ws://127.0.0.1:2345/");
    static final String TOKEN = System.getenv("MESSAGE_CENTER_LISTEN_TOKEN");
    static final Set<Integer> FOR_GOOD = Set.of(1002, 1003, 1007, 1008, 1009, 1010, 4003);
    static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");
    static String lastId = ""; // To go on after a restart of this program, keep it.

    final StringBuilder text = new StringBuilder();
    final CompletableFuture<Integer> closed = new CompletableFuture<>();
    volatile long heardAt = System.nanoTime();

    /** One frame is one message, or a notice with a "type". A JSON library takes it apart. */
    void take(String frame) {
        var id = ID.matcher(frame);
        if (id.find()) lastId = id.group(1);
        if (frame.startsWith("{\"type\":\"gap\"")) System.err.println("messages are missing, read your database anew: " + frame);
        else if (!frame.startsWith("{\"type\"")) System.out.println(frame.strip());
    }

    @Override
    public void onOpen(WebSocket socket) {
        if (closed.isDone()) socket.abort(); // It came too late, and another one is tried.
        else socket.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
        heardAt = System.nanoTime();
        text.append(part);
        if (isLast) {
            take(text.toString());
            text.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onPing(WebSocket socket, ByteBuffer data) {
        heardAt = System.nanoTime();
        socket.request(1);
        return null; // It has sent the pong.
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        closed.complete(code);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable problem) {
        closed.complete(1006);
    }

    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
        for (int code = 0; !FOR_GOOD.contains(code); ) {
            var listener = new Listen();
            var builder = client.newWebSocketBuilder();
            if (TOKEN != null) builder.header("Authorization", "Bearer " + TOKEN);
            // At first the newest messages that there are.
            String from = lastId.isEmpty() ? "last=10" : "last_id=" + lastId;
            try {
                var socket = builder.buildAsync(URI.create(URL + "?format=json&channels=orders&" + from), listener)
                    .orTimeout(10, TimeUnit.SECONDS).join();
                code = listener.untilClosed(socket);
                if (code == 4008) lastId = ""; // The log does not reach back so far.
            } catch (CompletionException noSocket) {
                if (noSocket.getCause() instanceof WebSocketHandshakeException refused && refused.getResponse().statusCode() < 500) {
                    System.err.println("refused: " + refused.getResponse().statusCode() + " " + refused.getResponse().body());
                    System.exit(1);
                }
                System.err.println("not connected: " + noSocket.getCause());
                listener.closed.complete(1006);
            }
            Thread.sleep((long) (500 + 2000 * Math.random())); // Not all clients of a server in the same moment.
        }
        System.err.println("closed: it is of no use to come back");
        System.exit(1);
    }

    /** Java does not tell of each end, and a network that is lost tells of none. So this looks, too. The server pings each half minute. */
    int untilClosed(WebSocket socket) throws Exception {
        while (true) {
            try {
                return closed.get(10, TimeUnit.SECONDS);
            } catch (TimeoutException quiet) {
                boolean isSilent = System.nanoTime() - heardAt > 90_000_000_000L;
                boolean fails = socket.sendPing(ByteBuffer.allocate(0)).orTimeout(5, TimeUnit.SECONDS)
                    .handle((sent, problem) -> problem != null).join();
                if (isSilent || fails || socket.isInputClosed()) {
                    socket.abort();
                    return 1006;
                }
            }
        }
    }
}
