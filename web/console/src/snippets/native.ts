import type { Snippet } from "./values.ts";

/** Programs on somebody's device. */
export const native: Snippet[] = [
  {
    name: "iOS",
    types: ["Native"],
    install: "https://github.com/logto-io/swift.git",
    code: (v) => `// The package is added in Xcode, by its address.
import LogtoClient

let config = try LogtoConfig(
    endpoint: "${v.endpoint}",
    appId: "${v.appId}",
    resources: ["${v.resource}"]
)
let client = LogtoClient(useConfig: config)

func ask() async throws {
    if !client.isAuthenticated {
        try await client.signInWithBrowser(redirectUri: "${v.redirectUri}")
    }
    let token = try await client.getAccessToken(for: "${v.resource}")
    var request = URLRequest(url: URL(string: "${v.graphql}")!)
    request.httpMethod = "POST"
    request.setValue("Bearer \\(token)", forHTTPHeaderField: "Authorization")
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.httpBody = Data(#"{"query":"{ __typename }"}"#.utf8)
    let (data, _) = try await URLSession.shared.data(for: request)
    print(String(decoding: data, as: UTF8.self))
}`,
  },
  {
    name: "Android",
    types: ["Native"],
    install: 'implementation("io.logto.sdk:android:+")',
    code: (v) => `import io.logto.sdk.android.LogtoClient
import io.logto.sdk.android.type.LogtoConfig

class LogtoViewModel(application: Application) : AndroidViewModel(application) {
    private val client = LogtoClient(
        LogtoConfig(
            endpoint = "${v.endpoint}",
            appId = "${v.appId}",
            scopes = null,
            resources = listOf("${v.resource}"),
            usingPersistStorage = true,
        ),
        application,
    )

    fun signIn(activity: Activity) =
        client.signIn(activity, "${v.redirectUri}") { error -> error?.let { println(it) } }

    fun ask() = client.getAccessToken("${v.resource}") { error, token ->
        if (token == null) {
            println(error)
            return@getAccessToken
        }
        thread {
            val connection = URL("${v.graphql}").openConnection() as HttpURLConnection
            connection.requestMethod = "POST"
            connection.setRequestProperty("Authorization", "Bearer \${token.token}")
            connection.setRequestProperty("Content-Type", "application/json")
            connection.doOutput = true
            connection.outputStream.use { it.write("""{"query":"{ __typename }"}""".toByteArray()) }
            println(connection.inputStream.bufferedReader().readText())
        }
    }
}`,
  },
  {
    name: "Flutter",
    types: ["Native"],
    install: "flutter pub add logto_dart_sdk http",
    code: (v) => `import 'package:http/http.dart' as http;
import 'package:logto_dart_sdk/logto_dart_sdk.dart';

final client = LogtoClient(
  config: const LogtoConfig(
    endpoint: '${v.endpoint}',
    appId: '${v.appId}',
    resources: ['${v.resource}'],
  ),
  httpClient: http.Client(),
);

Future<void> ask() async {
  if (!await client.isAuthenticated) {
    await client.signIn('${v.redirectUri}');
  }
  final token = await client.getAccessToken(resource: '${v.resource}');
  final answer = await http.post(
    Uri.parse('${v.graphql}'),
    headers: {'authorization': 'Bearer \${token?.token}', 'content-type': 'application/json'},
    body: '{"query":"{ __typename }"}',
  );
  print(answer.body);
}`,
  },
  {
    name: "React Native",
    types: ["Native"],
    install: "npx expo install @logto/rn expo-crypto expo-secure-store expo-web-browser @react-native-async-storage/async-storage",
    code: (v) => `import { LogtoProvider, useLogto } from "@logto/rn";
import { Button } from "react-native";

const config = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  resources: ["${v.resource}"],
};

const Ask = () => {
  const { isAuthenticated, signIn, getAccessToken } = useLogto();
  const ask = async () => {
    const token = await getAccessToken("${v.resource}");
    const response = await fetch("${v.graphql}", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    console.log(await response.json());
  };
  if (!isAuthenticated) return <Button title="Sign in" onPress={() => signIn("${v.redirectUri}")} />;
  return <Button title="Ask" onPress={ask} />;
};

export default () => (
  <LogtoProvider config={config}>
    <Ask />
  </LogtoProvider>
);`,
  },
];
