// Bootstraps and container images for real: a shell and curl speak the Runtime API.
#include "planes/functions/plane_test.h"

namespace unkai::planes::functions {
namespace {

constexpr const char* shell_runtime = R"(#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
echo "init of $_HANDLER$IMAGE"
while true; do
  payload=$(curl -s -D /tmp/headers $api/invocation/next)
  id=$(grep -i '^lambda-runtime-aws-request-id' /tmp/headers | cut -d' ' -f2 | tr -d '\r')
  echo "got $payload"
  case "$payload" in
    '"fail"') curl -s -o /dev/null -X POST -H 'Lambda-Runtime-Function-Error-Type: Shell.Failed' \
       -d '{"errorType":"Shell.Failed","errorMessage":"told to"}' $api/invocation/$id/error ;;
    '"wrong"') curl -s -X POST -d '1' $api/invocation/other/response > /tmp/wrong
       curl -s -o /dev/null -X POST --data-binary @/tmp/wrong $api/invocation/$id/response ;;
    '"large"') head -c 6300000 /dev/zero > /tmp/large
       curl -s -o /dev/null -X POST -T /tmp/large $api/invocation/$id/response ;;
    '"spy"') listening='s/^ *[0-9]*: 0100007F:\(....\) 00000000:0000 0A.*/\1/p'
       for port in $(sed -n "$listening" /proc/net/tcp)
       do curl -s -m 2 http://127.0.0.1:$((0x$port))/2018-06-01/runtime/invocation/none/error -d x
       done > /tmp/seen
       curl -s -o /dev/null -X POST --data-binary @/tmp/seen $api/invocation/$id/response ;;
    *) curl -s -o /dev/null -X POST -d "{\"got\":$payload,\"mine\":\"$MINE\"}" \
       $api/invocation/$id/response ;;
  esac
done
)";

class ProvidedTest : public PlaneTest {
protected:
    // An image layout in <folder>/image with a shell, curl and the runtime above.
    static void build_image() {
        write_folder("image-root", {{"runtime.sh", shell_runtime}});
        const std::string script = R"(set -e
mkdir -p image/blobs/sha256 code/image-root/bin code/image-root/tmp code/image-root/etc
cd code/image-root
for f in sh curl grep cut tr head sed; do
  p=$(command -v $f); cp -L $p bin/$f
  for l in $(ldd $p | grep -o '/[^ ]*'); do mkdir -p .$(dirname $l); cp -Ln $l .$l; done
done
tar --numeric-owner --owner=0 --group=0 -cf ../../layer.tar .
)";
        const std::string command =
            "cd " + folder + " && sh -c '" + replace_all(script, "'", "'\\''") + "'";
        ASSERT_EQ(std::system(command.c_str()), 0);
        using wire::Json;
        const auto add = [&](const std::string& bytes) {
            const std::string digest = containers::sha256_digest(bytes);
            std::ofstream(folder + "/image/blobs/sha256/" + digest.substr(7), std::ios::binary)
                << bytes;
            return Json::object({{"digest", digest}, {"size", static_cast<int64_t>(bytes.size())}});
        };
        std::ifstream stream(folder + "/layer.tar", std::ios::binary);
        const Json layer = add({std::istreambuf_iterator<char>(stream), {}});
        const Json config = add(R"({"os":"linux","config":{"Entrypoint":["/bin/sh"],
            "Cmd":["/runtime.sh"],"Env":["IMAGE=an image","PATH=/bin","MINE=the image's"]}})");
        const Json manifest =
            add(Json::object(
                    {{"schemaVersion", 2}, {"config", config}, {"layers", Json::array({layer})}})
                    .dump());
        std::ofstream(folder + "/image/index.json")
            << Json::object({{"schemaVersion", 2}, {"manifests", Json::array({manifest})}}).dump();
    }
};

TEST_F(ProvidedTest, ABootstrapInShell) {
    const auto spec =
        function("shell", {{"bootstrap", shell_runtime}}, "provided.al2023", "the.handler");
    spec->environment = {{"MINE", "it's"}};
    Outcome out = invoke(spec, "[1]");
    EXPECT_EQ(out.kind, Outcome::Kind::response) << out.payload << grants->log->all;
    EXPECT_EQ(out.payload, R"({"got":[1],"mine":"it's"})");
    EXPECT_TRUE(grants->log->all.starts_with("init of the.handler\nSTART ")) << grants->log->all;
    const std::string first = out.environment;
    loop.run_until_done(plane->settled());
    out = invoke(spec, "\"fail\"");
    EXPECT_EQ(out.kind, Outcome::Kind::function_error);
    EXPECT_EQ(out.error_type, "Shell.Failed");
    EXPECT_EQ(out.payload, R"({"errorType":"Shell.Failed","errorMessage":"told to"})");
    EXPECT_NE(out.log_tail.find("\ngot \"fail\"\nEND"), std::string::npos) << out.log_tail;
    out = invoke(spec, "\"wrong\"");
    EXPECT_EQ(member_of(out.payload, "errorType"), "InvalidRequestID");
    out = invoke(spec, "\"large\"");
    EXPECT_EQ(out.kind, Outcome::Kind::function_error);
    EXPECT_EQ(member_of(out.payload, "errorType"), "Function.ResponseSizeTooLarge");
    EXPECT_EQ(member_of(out.payload, "errorMessage"),
              "Response payload size (6300000 bytes) exceeded maximum allowed payload size "
              "(6291556 bytes).");
    loop.run_until_done(plane->settled());
    out = invoke(spec, "2");
    EXPECT_EQ(out.payload, R"({"got":2,"mine":"it's"})");
    EXPECT_EQ(out.environment, first);
}

TEST_F(ProvidedTest, ABootstrapThatIsNotThere) {
    const auto spec = function("none", {{"other", "x"}}, "provided.al2", "h");
    const Outcome out = invoke(spec);
    EXPECT_EQ(out.kind, Outcome::Kind::exited);
    EXPECT_EQ(out.error_type, "Runtime.ExitError");
    EXPECT_NE(out.log_tail.find("Couldn't find valid bootstrap(s)"), std::string::npos)
        << out.log_tail;
}

TEST_F(ProvidedTest, EnvironmentsOfOneNetworkHaveNamespacesOfTheirOwn) {
    const auto one = function("one", {{"bootstrap", shell_runtime}}, "provided.al2023", "h");
    one->network.name = "shared";
    const auto two = function("two", {{"bootstrap", shell_runtime}}, "provided.al2023", "h");
    two->network.name = "shared";
    EXPECT_EQ(invoke(one, "1").payload, R"({"got":1,"mine":""})");
    const size_t before = networks.taken.size();
    EXPECT_GE(before, 1u);
    // All that listens on its loopback is its own Runtime API: one answer.
    const Outcome spied = invoke(two, "\"spy\"");
    EXPECT_EQ(member_of(spied.payload, "errorType"), "InvalidRequestID") << spied.payload;
    EXPECT_EQ(invoke(one, "1").payload, R"({"got":1,"mine":""})");
    EXPECT_GT(networks.taken.size(), before);
    loop.run_until_done(plane->retire("one"));
    loop.run_until_done(plane->retire("two"));
    loop.run_until_done(plane->settled());
    EXPECT_LE(networks.taken.size(), 1u);  // A spare's.
}

TEST_F(ProvidedTest, ANetworkThatIsNotThereIsSaid) {
    const auto spec = function("lost", {{"bootstrap", shell_runtime}}, "provided.al2023", "h");
    spec->network.name = "none";
    const auto outcome = loop.run_until_done(plane->invoke(spec, {.payload = "1"}));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, "NetworkGone");
    loop.run_until_done(plane->settled());
}

TEST_F(ProvidedTest, AnImageWithItsOwnClient) {
    build_image();
    const auto spec = function("image", {}, "", "");
    spec->code.clear();
    spec->image = ImagePackage{
        std::make_shared<containers::LayoutSource>(*env, folder + "/image"), "test", {}, {}, ""};
    spec->environment = {{"MINE", "the function's"}};
    const auto prepared = loop.run_until_done(plane->prepare(spec));
    ASSERT_TRUE(prepared) << prepared.error().message;
    Outcome out = invoke(spec, "[1]");
    EXPECT_EQ(out.payload, R"({"got":[1],"mine":"the function's"})") << grants->log->all;
    EXPECT_TRUE(grants->log->all.starts_with("init of an image\nSTART ")) << grants->log->all;
    loop.run_until_done(plane->settled());
    EXPECT_EQ(invoke(spec, "2").environment, out.environment);
    auto overridden = std::make_shared<FunctionSpec>(*spec);
    overridden->id = "image-overridden";
    overridden->image->command = std::vector<std::string>{"-c", "echo own command >&2; exit 5"};
    out = invoke(overridden);
    EXPECT_EQ(out.kind, Outcome::Kind::exited);
    EXPECT_NE(out.log_tail.find("own command\n"), std::string::npos) << out.log_tail;
}

}  // namespace
}  // namespace unkai::planes::functions
