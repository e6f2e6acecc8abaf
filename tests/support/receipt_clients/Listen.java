import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Listens to all of its arguments, and has no code for pings. */
class Listen {
    public static void main(String[] urls) throws Exception {
        var keys = KeyStore.getInstance(KeyStore.getDefaultType());
        keys.load(null, null);
        try (var file = new FileInputStream(System.getenv("CERTIFICATE"))) {
            keys.setCertificateEntry("test", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, trusted.getTrustManagers(), null);
        var client = HttpClient.newBuilder().sslContext(tls).build();
        for (var url : urls) client.newWebSocketBuilder().buildAsync(URI.create(url), new WebSocket.Listener() {}).join();
        Thread.currentThread().join();
    }
}
