// The engines on real services' tables: what AWS's clients send and what they must get, errors
// included.
#include "aws/protocol/protocol.h"

#include <gtest/gtest.h>

#include "api/ec2.h"
#include "api/ecs.h"
#include "api/s3.h"
#include "api/sts.h"
#include "aws/protocol/json_shape.h"
#include "aws/protocol/validate.h"

namespace unkai::aws::protocol {
namespace {

struct Request {
    std::string method = "POST";
    std::string path = "/";
    std::string query;
    wire::Headers headers;
    std::string body;
    WireRequest view() const { return {method, path, query, &headers, body}; }
};

Request form(std::string body) {
    return {.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
            .body = std::move(body)};
}

std::string routed(const ServiceInfo& service, const Request& request) {
    const auto found = route(service, detect(service, request.view()), request.view());
    return found ? std::string(found->operation->name) : found.error().code;
}

template <class Input>
Result<Input> decoded(const ServiceInfo& service, const Request& request) {
    const Protocol protocol = detect(service, request.view());
    TRY(const Route found, route(service, protocol, request.view()));
    Input input;
    REQUIRE(decode(protocol, service, found, request.view(), &input));
    return input;
}

TEST(Routing, S3TellsOperationsApart) {
    struct Case {
        std::string_view method, path, query, operation;
    };
    const Case cases[] = {
        {"GET", "/", "", "ListBuckets"},
        {"PUT", "/bucket", "", "CreateBucket"},
        {"PUT", "/bucket/", "", "CreateBucket"},
        {"HEAD", "/bucket", "", "HeadBucket"},
        {"GET", "/bucket", "", "ListObjects"},
        {"GET", "/bucket/", "list-type=2&prefix=a%2F", "ListObjectsV2"},
        {"GET", "/bucket/a", "", "GetObject"},
        {"GET", "/bucket/a/b%20c/", "", "GetObject"},
        {"GET", "/bucket/a", "X-Amz-Signature=1&x-id=GetObject", "GetObject"},
        {"HEAD", "/bucket/a", "", "HeadObject"},
        {"PUT", "/bucket/a", "", "PutObject"},
        {"PUT", "/bucket/a", "partNumber=1&uploadId=u", "UploadPart"},
        {"POST", "/bucket/a", "uploads", "CreateMultipartUpload"},
        {"POST", "/bucket/a", "uploads=", "CreateMultipartUpload"},
        {"POST", "/bucket/a", "uploadId=u", "CompleteMultipartUpload"},
        {"DELETE", "/bucket/a", "uploadId=u", "AbortMultipartUpload"},
        {"DELETE", "/bucket/a", "", "DeleteObject"},
        {"POST", "/bucket", "delete", "DeleteObjects"},
        {"GET", "/bucket", "location", "GetBucketLocation"},
        {"GET", "/bucket", "inventory&id=1", "NotImplemented"},
        {"PATCH", "/bucket", "", "MethodNotAllowed"},
    };
    for (const auto& [method, path, query, operation] : cases)
        EXPECT_EQ(routed(api::s3::info,
                         {std::string(method), std::string(path), std::string(query), {}, {}}),
                  operation)
            << method << " " << path << "?" << query;
    Request copy{"PUT", "/bucket/a", "", {{"x-amz-copy-source", "/b/c"}}, {}};
    EXPECT_EQ(routed(api::s3::info, copy), "CopyObject");
}

TEST(Routing, LabelsAreDecodedAndKeysKeepTheirSlashes) {
    const Request request{
        "GET", "/bucket//a%2Fb/%E9%9B%B2/", "versionId=v1", {{"range", "bytes=0-3"}}, {}};
    const auto input = decoded<api::s3::GetObjectInput>(api::s3::info, request);
    ASSERT_TRUE(input) << input.error().message;
    EXPECT_EQ(input->bucket, "bucket");
    EXPECT_EQ(input->key, "/a/b/\xE9\x9B\xB2/");
    EXPECT_EQ(input->version_id, "v1");
    EXPECT_EQ(input->range, "bytes=0-3");
}

TEST(Routing, UnknownAndUnpromisedOperationsDiffer) {
    EXPECT_EQ(routed(api::sts::info, form("Action=GetCallerIdentity&Version=2011-06-15")),
              "GetCallerIdentity");
    EXPECT_EQ(routed(api::sts::info, form("Action=GetFederationToken")), "NotImplemented");
    EXPECT_EQ(routed(api::sts::info, form("Action=Nonsense")), "InvalidAction");
    EXPECT_EQ(routed(api::sts::info, form("Version=1")), "MissingAction");
    Request json{.headers = {{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters"}},
                 .body = "{}"};
    EXPECT_EQ(routed(api::ecs::info, json), "ListClusters");
    json.headers.set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.Nonsense");
    EXPECT_EQ(routed(api::ecs::info, json), "UnknownOperationException");
}

TEST(Validation, SpeaksAsAwsDoes) {
    const auto input = decoded<api::sts::AssumeRoleInput>(
        api::sts::info, form("Action=AssumeRole&RoleSessionName=a&DurationSeconds=10"));
    ASSERT_FALSE(input);
    EXPECT_EQ(input.error().code, "ValidationError");
    EXPECT_EQ(input.error().message,
              "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: "
              "Member must not "
              "be null; Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must "
              "have length greater "
              "than or equal to 2; Value '10' at 'durationSeconds' failed to satisfy constraint: "
              "Member must have "
              "value greater than or equal to 900");
    api::sts::AssumeRoleInput direct{.role_arn = "arn:aws:iam::123456789012:role/r",
                                     .role_session_name = "s p"};
    const Status done = validate(api::sts::info, api::sts::AssumeRoleInput::shape_info, &direct);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message,
              "1 validation error detected: Value 's p' at 'roleSessionName' failed to satisfy "
              "constraint: Member "
              "must satisfy regular expression pattern: [\\w+=,.@-]*");
    direct.role_session_name = "fine";
    direct.transitive_tag_keys = {"ok", ""};
    EXPECT_TRUE(validate(api::sts::info, api::sts::AssumeRoleInput::shape_info, &direct)
                    .error()
                    .message.starts_with(
                        "1 validation error detected: Value '[ok, ]' at 'transitiveTagKeys' failed "
                        "to satisfy constraint: Member must satisfy constraint: [Member must have "
                        "length less than or equal to 128, "));
}

TEST(Decoding, Ec2TakesItsListsAndRefusesUnknownParameters) {
    const auto input = decoded<api::ec2::DescribeVpcsInput>(
        api::ec2::info,
        form(
            "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1&VpcId.2=vpc-2&Filter.1.Name=cidr"
            "&Filter.1.Value.1=10.0.0.0%2F16&Filter.1.Value.10=b&Filter.1.Value.2=a&MaxResults=5"));
    ASSERT_TRUE(input) << input.error().message;
    EXPECT_EQ(input->vpc_ids, (std::vector<std::string>{"vpc-1", "vpc-2"}));
    ASSERT_EQ(input->filters.size(), 1u);
    EXPECT_EQ(input->filters[0].values, (std::vector<std::string>{"10.0.0.0/16", "a", "b"}));
    EXPECT_EQ(input->max_results, 5);
    const auto unknown =
        decoded<api::ec2::DescribeVpcsInput>(api::ec2::info, form("Action=DescribeVpcs&Vpcs.1=a"));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, "UnknownParameter");
    const auto broken = decoded<api::ec2::DescribeVpcsInput>(
        api::ec2::info, form("Action=DescribeVpcs&MaxResults=x"));
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().status, 400);
}

Request ecs(std::string operation, std::string body) {
    return {.headers = {{"x-amz-target", "AmazonEC2ContainerServiceV20141113." + operation},
                        {"content-type", "application/x-amz-json-1.1"}},
            .body = std::move(body)};
}

TEST(Decoding, JsonTellsAbsentFromEmptyAndRefusesWrongTypes) {
    using Input = api::ecs::UpdateServiceInput;
    const auto empty = decoded<Input>(
        api::ecs::info,
        ecs("UpdateService",
            R"({"service":"s","loadBalancers":[],"desiredCount":null,"x":{"y":[1]}})"));
    ASSERT_TRUE(empty) << empty.error().message;
    EXPECT_TRUE(empty->load_balancers.given());
    EXPECT_FALSE(empty->service_registries.given());
    EXPECT_FALSE(empty->desired_count);
    const auto wrong = decoded<Input>(api::ecs::info, ecs("UpdateService", R"({"service":7})"));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, "SerializationException");
    EXPECT_TRUE(wrong.error().message.contains("NUMBER_VALUE can not be converted to a String"));
    const auto deep = decoded<Input>(api::ecs::info, ecs("UpdateService", std::string(5000, '[')));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().status, 400);
    const auto missing = decoded<Input>(api::ecs::info, ecs("UpdateService", ""));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message,
              "1 validation error detected: Value null at 'service' failed to satisfy constraint: "
              "Member must not be "
              "null");
}

TEST(Answers, QueryAndEc2AndJsonHaveTheirForms) {
    const api::sts::GetCallerIdentityOutput who{
        .user_id = "AIDA", .account = "123456789012", .arn = "arn:<&>"};
    EXPECT_EQ(encode(Protocol::query, api::sts::info, api::sts::op::GetCallerIdentity::info(), &who,
                     "id-1")
                  .body,
              "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
              "<GetCallerIdentityResult><UserId>AIDA</UserId><Account>123456789012</Account>"
              "<Arn>arn:&lt;&amp;&gt;</Arn></"
              "GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId>"
              "</ResponseMetadata></GetCallerIdentityResponse>");
    api::ec2::DescribeVpcsOutput vpcs;
    vpcs.vpcs.push_back({.vpc_id = "vpc-1", .cidr_block = "10.0.0.0/16"});
    const std::string body =
        encode(Protocol::ec2, api::ec2::info, api::ec2::op::DescribeVpcs::info(), &vpcs, "id-1")
            .body;
    EXPECT_TRUE(
        body.contains("<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                      "<requestId>id-1</requestId>"))
        << body;
    EXPECT_TRUE(body.contains("<vpcSet><item>")) << body;
    const api::ecs::ListClustersOutput clusters;
    const auto json = encode(Protocol::json, api::ecs::info, api::ecs::op::ListClusters::info(),
                             &clusters, "id-1");
    EXPECT_EQ(json.body, "{\"clusterArns\":[]}");
    const api::s3::GetBucketLocationOutput place{.location_constraint = "eu-west-1"};
    EXPECT_EQ(encode(Protocol::rest_xml, api::s3::info, api::s3::op::GetBucketLocation::info(),
                     &place, "id-1")
                  .body,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint "
              "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu-west-1</LocationConstraint>");
}

TEST(Answers, ErrorsHaveEachProtocolsForm) {
    const Error error{"NoSuchKey", "The key <k> is not there.", 404, {{"Key", "k"}}};
    const auto body = [&](Protocol protocol, const ServiceInfo& service) {
        return encode_error(protocol, service, error, "id-1").body;
    };
    EXPECT_EQ(body(Protocol::rest_xml, api::s3::info),
              "<?xml version=\"1.0\" "
              "encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The key &lt;k&gt; is "
              "not "
              "there.</Message><Key>k</Key><RequestId>id-1</RequestId><HostId>aWQtMS91bmthaQ==</"
              "HostId></Error>");
    EXPECT_EQ(body(Protocol::query, api::sts::info),
              "<ErrorResponse "
              "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
              "<Code>NoSuchKey</Code><Message>The key &lt;k&gt; is not "
              "there.</Message><Key>k</Key></Error>"
              "<RequestId>id-1</RequestId></ErrorResponse>");
    EXPECT_EQ(
        body(Protocol::ec2, api::ec2::info),
        "<?xml version=\"1.0\" "
        "encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>NoSuchKey</Code><Message>The "
        "key &lt;k&gt; is not "
        "there.</Message><Key>k</Key></Error></Errors><RequestID>id-1</RequestID></Response>");
    EXPECT_EQ(body(Protocol::json, api::ecs::info),
              R"({"__type":"NoSuchKey","message":"The key <k> is not there.","Key":"k"})");
}

TEST(StoredShapes, RoundTripThroughJson) {
    api::ecs::ContainerDefinition container{.name = "web", .memory = 128, .essential = true};
    container.command = {"node", "a \"b\".js"};
    container.docker_labels = {{"a", "1"}};
    container.port_mappings.push_back({.container_port = 80});
    container.entry_point.present = true;
    const std::string text = to_json(container);
    api::ecs::ContainerDefinition back;
    const Status done = from_json(back, text);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(back, container);
    EXPECT_TRUE(back.entry_point.given());
    EXPECT_FALSE(back.links.given());
    EXPECT_EQ(to_json(back), text);
    api::s3::Object object{
        .key = "k", .last_modified = from_micros(1795307767123456), .size = 1LL << 40};
    api::s3::Object other;
    ASSERT_TRUE(from_json(other, to_json(object)));
    EXPECT_EQ(other, object);
}

}  // namespace
}  // namespace unkai::aws::protocol
