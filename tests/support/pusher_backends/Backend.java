// A backend with Pusher's library for Java, pusher-http-java: `java Backend.java PORT ID KEY SECRET`.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.pusher.rest.Pusher;
import com.pusher.rest.data.Event;
import com.pusher.rest.data.Result;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public class Backend {
    static Pusher client(String[] told, String secret) {
        var pusher = new Pusher(told[1], told[2], secret, "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=");
        pusher.setHost("127.0.0.1:" + told[0]);
        return pusher;
    }

    static JsonObject answer(Result result) {
        if (result.getHttpStatus() == null || result.getHttpStatus() != 200) {
            throw new IllegalStateException(result.getStatus() + " " + result.getMessage());
        }
        return JsonParser.parseString(result.getMessage()).getAsJsonObject();
    }

    public static void main(String[] told) {
        var backend = client(told, told[3]);
        var both = "user_count,subscription_count";
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("trigger", answer(backend.trigger(List.of("orders", "news"), "paid", Map.of("n", 1), "12.34")));
        said.put("batch", answer(backend.trigger(List.of(
            new Event("orders", "a", "消息"), new Event("private-b@x", "b", Map.of("x", List.of(1)), "1.2")))));
        said.put("encrypted", answer(backend.trigger("private-encrypted-c", "secret", "nobody reads it here")));
        said.put("channels", answer(backend.get("/channels", Map.of("filter_by_prefix", "presence-", "info", "user_count"))));
        said.put("channel", answer(backend.get("/channels/presence-room", Map.of("info", both))));
        said.put("users", answer(backend.get("/channels/presence-room/users")));
        said.put("terminate", answer(backend.post("/users/42/terminate_connections", "{}")));
        said.put("wrong", "" + client(told, "wrong-secret").trigger("orders", "paid", "").getHttpStatus());
        said.put("bad", "" + backend.get("/channels/orders", Map.of("info", "user_count")).getHttpStatus());
        System.out.println(new Gson().toJson(said));
    }
}
