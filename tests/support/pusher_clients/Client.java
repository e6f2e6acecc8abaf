// Two clients with pusher-java-client, and their backend: `java Client.java HTTP WS WS ID KEY SECRET`.

import com.google.gson.Gson;
import com.google.gson.JsonParser;
import com.pusher.client.Pusher;
import com.pusher.client.PusherOptions;
import com.pusher.client.channel.PresenceChannelEventListener;
import com.pusher.client.channel.PrivateEncryptedChannelEventListener;
import com.pusher.client.channel.PusherEvent;
import com.pusher.client.channel.User;
import com.pusher.rest.data.PresenceUser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public class Client {
    static com.pusher.rest.Pusher backend;
    static List<List<Object>> told = new ArrayList<>();

    /** What one client hears of all its channels, in its order. */
    static class Ear implements PresenceChannelEventListener, PrivateEncryptedChannelEventListener {
        final BlockingQueue<List<Object>> heard = new LinkedBlockingQueue<>();

        public void onEvent(PusherEvent event) {
            var from = event.getUserId() == null ? "" : event.getUserId();
            heard.add(List.of(event.getChannelName(), event.getEventName(), JsonParser.parseString(event.getData()), from));
        }

        public void onSubscriptionSucceeded(String channel) {
            // On a presence channel the library tells the members, too, in another thread.
            if (!channel.startsWith("presence-")) heard.add(List.of(channel, "subscribed"));
        }

        public void onAuthenticationFailure(String message, Exception problem) {
            heard.add(List.of("not authorised", message));
        }

        public void onDecryptionFailure(String event, String reason) {
            heard.add(List.of("not decrypted", event, reason));
        }

        public void onUsersInformationReceived(String channel, Set<User> users) {
            var ids = new TreeSet<String>();
            users.forEach(user -> ids.add(user.getId()));
            heard.add(List.of(channel, "members", ids));
        }

        public void userSubscribed(String channel, User user) {
            heard.add(List.of(channel, "added", user.getId(), JsonParser.parseString(user.getInfo())));
        }

        public void userUnsubscribed(String channel, User user) {
            heard.add(List.of(channel, "removed", user.getId()));
        }

        List<Object> next() throws InterruptedException {
            var said = heard.poll(20, TimeUnit.SECONDS);
            return said == null ? List.of("nothing") : said;
        }
    }

    static Pusher connected(String port, String key, String user) {
        var options = new PusherOptions().setHost("127.0.0.1").setWsPort(Integer.parseInt(port)).setUseTLS(false);
        options.setChannelAuthorizer((channel, socketId) -> channel.startsWith("presence-")
            ? backend.authenticate(socketId, channel, new PresenceUser(user, Map.of("name", user + "!")))
            : backend.authenticate(socketId, channel));
        var client = new Pusher(key, options);
        client.connect();
        return client;
    }

    public static void main(String[] args) throws InterruptedException {
        backend = new com.pusher.rest.Pusher(args[3], args[4], args[5], "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI=");
        backend.setHost("127.0.0.1:" + args[0]);
        var page = connected(args[1], args[4], "1");
        var other = connected(args[2], args[4], "2");
        Ear ear = new Ear(), theirs = new Ear();

        page.subscribe("news", ear, "paid");
        told.add(ear.next());
        backend.trigger("news", "paid", Map.of("n", 1));
        told.add(ear.next());
        page.subscribePrivateEncrypted("private-encrypted-a", ear, "kept");
        told.add(ear.next());
        backend.trigger("private-encrypted-a", "kept", Map.of("nobody", "reads it here"));
        told.add(ear.next());
        page.subscribePrivate("private-a", ear, "client-x");
        told.add(ear.next());
        var room = other.subscribePrivate("private-a", theirs);
        theirs.next();
        room.trigger("client-x", "{\"from\":2}");
        told.add(ear.next());
        page.subscribePresence("presence-b", ear, "client-y");
        told.add(ear.next());
        var hall = other.subscribePresence("presence-b", theirs);
        told.add(theirs.next());
        told.add(ear.next());
        hall.trigger("client-y", "{\"from\":2}");
        told.add(ear.next());
        other.unsubscribe("presence-b");
        told.add(ear.next());
        System.out.println(new Gson().toJson(told));
        System.exit(0);
    }
}
