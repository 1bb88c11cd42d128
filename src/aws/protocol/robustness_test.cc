// Requests of every protocol, broken in a hundred thousand ways from one seed: each decodes or is
// an error.
#include <gtest/gtest.h>

#include <random>

#include "api/ec2.h"
#include "api/ecs.h"
#include "api/s3.h"
#include "aws/protocol/cbor_shape.h"
#include "aws/protocol/json_shape.h"
#include "aws/protocol/pattern.h"
#include "aws/protocol/protocol.h"

namespace unkai::aws::protocol {
namespace {

constexpr int rounds = 10000;

class Breaker {
public:
    std::string operator()(std::string text) {
        for (uint32_t changes = 1 + random_() % 4; changes > 0 && !text.empty(); --changes) {
            const size_t at = random_() % text.size();
            const size_t length = std::min<size_t>(random_() % 8, text.size() - at);
            switch (random_() % 4) {
                case 0:
                    text[at] = static_cast<char>(random_());
                    break;
                case 1:
                    text.erase(at, length);
                    break;
                case 2:
                    text.insert(at, text.substr(at, length));
                    break;
                default:
                    text.insert(at, 1, "{}[]<>&=\"\\.%\xFF\x9F"[random_() % 14]);
                    break;
            }
        }
        return text;
    }

private:
    std::mt19937 random_{20261122};
};

void decode_broken(const ServiceInfo& service, WireRequest request, const std::string& body) {
    Breaker broken;
    int decoded = 0;
    for (int i = 0; i < rounds; ++i) {
        const std::string text = broken(body);
        request.body = text;
        const Protocol protocol = detect(service, request);
        const auto found = route(service, protocol, request);
        if (!found) continue;
        const ShapeInfo& shape = *found->operation->input;
        void* input = shape.create();
        const Status done = decode(protocol, service, *found, request, input);
        if (done)
            ++decoded;
        else
            EXPECT_EQ(done.error().status, 400);
        shape.destroy(input);
    }
    EXPECT_GT(decoded, 0);
}

TEST(BrokenRequests, Json) {
    const wire::Headers headers = {
        {"x-amz-target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"}};
    decode_broken(
        api::ecs::info, {"POST", "/", "", &headers, ""},
        R"({"family":"web","containerDefinitions":[{"name":"a","image":"b","memory":128,)"
        R"("environment":)"
        R"([{"name":"K","value":"\u00e9"}],"dockerLabels":{"a":"b"}}],"cpu":"256"})");
}

TEST(BrokenRequests, Form) {
    const wire::Headers headers = {{"content-type", "application/x-www-form-urlencoded"}};
    decode_broken(api::ec2::info, {"POST", "/", "", &headers, ""},
                  "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1&Filter.1.Name=cidr&Filter."
                  "1.Value.1=a%2Fb&"
                  "MaxResults=5");
}

TEST(BrokenRequests, Xml) {
    const wire::Headers headers;
    decode_broken(api::s3::info, {"POST", "/bucket", "delete", &headers, ""},
                  "<?xml version=\"1.0\"?><Delete "
                  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;"
                  "b</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>");
}

TEST(BrokenRequests, Targets) {
    Breaker broken;
    const wire::Headers headers;
    for (int i = 0; i < rounds; ++i) {
        const std::string path = broken("/bucket/a%2Fb//c/");
        const std::string query = broken("list-type=2&prefix=a%2F&uploadId=1&partNumber=2");
        const WireRequest request{"GET", path, query, &headers, ""};
        const auto found = route(api::s3::info, Protocol::rest_xml, request);
        if (!found) continue;
        void* input = found->operation->input->create();
        std::vector<std::string> missing;
        (void)decode_only(Protocol::rest_xml, api::s3::info, *found, request, input, missing);
        found->operation->input->destroy(input);
    }
}

TEST(BrokenRequests, Cbor) {
    Breaker broken;
    std::string body;
    wire::CborWriter cbor(body);
    api::ecs::ContainerDefinition container{
        .name = "web", .image = "i", .memory = 128, .essential = true};
    container.environment.push_back({.name = "k", .value = "v"});
    container.docker_labels = {{"a", "1"}};
    write_cbor(cbor, api::ecs::ContainerDefinition::shape_info, &container);
    int decoded = 0;
    for (int i = 0; i < rounds; ++i) {
        const std::string text = broken(body);
        wire::CborReader in(text);
        std::vector<std::string> missing;
        api::ecs::ContainerDefinition value;
        read_cbor(in, api::ecs::ContainerDefinition::shape_info, &value, Path{}, missing);
        if (in.finish()) ++decoded;
    }
    EXPECT_GT(decoded, 0);
}

TEST(BrokenRequests, Patterns) {
    Breaker broken;
    for (int i = 0; i < rounds; ++i) {
        const std::string source = broken("^(arn:[a-z]{2,5}|[\\w+=,.@-]*(?:-?[0-9]+)*\\p{L}?)$");
        if (const auto pattern = Pattern::compile(source))
            (void)pattern->matches("arn:aws:iam::123456789012:role/a");
    }
}

}  // namespace
}  // namespace unkai::aws::protocol
