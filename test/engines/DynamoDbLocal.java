import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/** DynamoDB Local in memory, on one port of 127.0.0.1: its own runner listens on every interface. */
class DynamoDbLocal {
  public static void main(String[] arguments) throws Exception {
    var inMemory = new LocalDynamoDBRequestHandler(0, true, null, true, false);
    var server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
    server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(inMemory, null)));
    server.start();
  }
}
