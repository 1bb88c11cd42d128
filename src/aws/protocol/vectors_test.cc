// The public protocol test vectors (botocore's), 732 of them: every request given must decode to
// the parameters it was made of, every answer that we encode must read as the result. They are data
// beside the project (../shared/vectors); where that folder is absent the test says so and is
// skipped.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <pugixml.hpp>
#include <sstream>

#include "aws/protocol/cbor_shape.h"
#include "aws/protocol/dynamic_shapes.h"
#include "aws/protocol/json_shape.h"
#include "aws/protocol/protocol.h"
#include "aws/protocol/rest_binding.h"
#include "aws/protocol/uri_table.h"
#include "aws/protocol/xml_shape.h"

namespace unkai::aws::protocol {
namespace {

using wire::Json;

constexpr ShapeInfo nothing = {.kind = Kind::structure, .name = "Nothing"};

// What only a client can do, for these reasons; counted apart: a parameter that is dropped before
// it is sent, a path of the client's own endpoint, and compression, whose bytes the vectors leave
// out.
bool is_client_only(const Json& vector) {
    const std::string id = vector["id"].as_string();
    return id == "RestJsonQueryPrecedence" || id == "RestXmlQueryPrecedence" ||
           id == "RestJsonHostWithPath" ||
           (vector["given"].find("requestcompression") && !vector["serialized"].find("body"));
}

struct Case {
    const Json& suite;
    const Json& json;
    DynamicShapes& shapes;
    std::string id() const { return json["id"].as_string(); }
};

// A service and an operation as the vector describes them.
struct Subject {
    Protocol protocol[1];
    ServiceInfo service{};
    OperationInfo operation{};
    ErrorInfo error{};

    Subject(Case& vector, Protocol spoken) : protocol{spoken} {
        const Json& given = vector.json["given"];
        const Json& meta = vector.suite["metadata"];
        DynamicShapes& shapes = vector.shapes;
        const auto keep = [&](const Json& text) { return shapes.keep(text.string_or("")); };
        operation.name = keep(given["name"]);
        operation.method = keep(given["http"]["method"]);
        operation.uri = keep(given["http"]["requestUri"]);
        operation.status = static_cast<int16_t>(given["http"]["responseCode"].int_or(200));
        operation.input = given.find("input") ? shapes.of(given["input"]) : &nothing;
        operation.output = given.find("output") ? shapes.of(given["output"]) : &nothing;
        if (given.find("output") && spoken == Protocol::query)
            operation.output_element = shapes.keep(
                given["output"]["resultWrapper"].string_or(std::string(operation.name) + "Result"));
        service.name = "vectors";
        service.target_prefix = keep(meta["targetPrefix"]);
        service.json_version = keep(meta["jsonVersion"]);
        service.query_compatible = meta.find("awsQueryCompatible") != nullptr;
        service.protocols = protocol;
        service.protocol_count = 1;
        service.operations = &operation;
        service.operation_count = 1;
    }
};

std::string bytes_of(Protocol protocol, const Json& body) {
    const std::string text = body.string_or("");
    if (protocol != Protocol::cbor) return text;
    return from_base64(text).value_or("not base64");
}

wire::Headers headers_of(const Json& json) {
    wire::Headers out;
    if (json.is_object())
        for (const auto& [name, value] : json.as_object()) out.add(name, value.as_string());
    return out;
}

Json show_slot(const ShapeInfo& shape, const Dynamic& value) { return show(shape, &value); }

// An absent collection and an empty one look the same on some wires.
Json without_empty(const Json& json) {
    if (json.is_array()) {
        Json out = Json::array();
        for (const Json& item : json.as_array()) out.push(without_empty(item));
        return out;
    }
    if (!json.is_object()) return json;
    Json out = Json::object();
    for (const auto& [name, value] : json.as_object())
        if (value.is_scalar() || value.size() > 0) out.set(name, without_empty(value));
    return out;
}

// Empty when equal, else what differs.
std::string difference(const ShapeInfo& shape, const Json& wanted, const Dynamic& got) {
    Dynamic expected;
    fill(shape, wanted, &expected);
    const Json left = without_empty(show_slot(shape, expected));
    const Json right = without_empty(show_slot(shape, got));
    return left == right ? "" : "wanted " + left.dump() + "\n     got " + right.dump();
}

std::string run_input(Case& vector, Protocol protocol) {
    Subject subject(vector, protocol);
    const Json& sent = vector.json["serialized"];
    const std::string uri = sent["uri"].as_string();
    const auto [path, query] = split_once(uri, '?');
    const std::string body = bytes_of(protocol, sent["body"]);
    wire::Headers headers = headers_of(sent["headers"]);
    if (protocol == Protocol::json && !headers.has("x-amz-target"))  // Some vectors leave it out.
        headers.add("x-amz-target", "Vectors." + std::string(subject.operation.name));
    const std::string method = sent["method"].string_or("POST");
    const WireRequest owned{method, path, query, &headers, body};
    if (detect(subject.service, owned) != protocol) return "the protocol was not recognized";
    const UriTable table(subject.service);
    const auto found = route(subject.service, protocol, owned, &table);
    if (!found) return found.error().message;
    Dynamic input;
    std::vector<std::string> missing;
    const Status done = decode_only(protocol, subject.service, *found, owned, &input, missing);
    if (!done) return done.error().message;
    if (!missing.empty()) return "missing: " + join(missing, ", ");
    Json params = vector.json["params"];
    for (const MemberInfo& member : *subject.operation.input) {
        // On the server a map of the whole query also has what other members took; here the
        // client's own.
        if (const Slot& slot = slot_of(member.field(&input));
            slot && member.location == Location::query && member.shape->kind == Kind::map)
            std::erase_if(slot->map,
                          [&](const auto& e) { return !params[member.name].find(e.first); });
        // Tokens are filled in by the client.
        const Json& reference =
            vector.suite["shapes"][vector.json["given"]["input"]["shape"].as_string()];
        if (reference["members"][member.name]["idempotencyToken"].bool_or(false) &&
            !params.find(member.name))
            params.set(member.name, "00000000-0000-4000-8000-000000000000");
    }
    return difference(*subject.operation.input, params, input);
}

struct Answer {
    int status;
    wire::Headers headers;
    std::string body;
};

// A client's reading of an answer, by the same readers as the requests'.
Status read_answer(Protocol protocol, const Subject& subject, const ShapeInfo& shape,
                   const Answer& answer, void* value) {
    std::vector<std::string> missing;
    pugi::xml_document xml;
    const bool is_xml =
        protocol == Protocol::query || protocol == Protocol::ec2 || protocol == Protocol::rest_xml;
    const MemberInfo* payload = nullptr;
    if (protocol == Protocol::rest_json || protocol == Protocol::rest_xml) {
        REQUIRE(read_headers(shape, answer.headers, value, missing));
        for (const MemberInfo& member : shape)
            if (member.location == Location::status_code)
                *static_cast<int32_t*>(member.make(value)) = answer.status;
        payload = payload_of(shape);
    }
    if (answer.body.empty()) return ok();
    const ShapeInfo& body = payload != nullptr ? *payload->shape : shape;
    if (payload != nullptr) value = payload->make(value);
    if (payload != nullptr && (body.kind == Kind::string || body.kind == Kind::blob)) {
        *static_cast<std::string*>(value) = answer.body;
        return ok();
    }
    if (is_xml) {
        if (!xml.load_string(answer.body.c_str(),
                             pugi::parse_default | pugi::parse_ws_pcdata_single))
            return fail("Test", "not XML: " + answer.body);
        pugi::xml_node root = xml.document_element();
        if (protocol == Protocol::query)
            root = root.child(std::string(subject.operation.output_element).c_str());
        return read_xml(
            root, body, value,
            {.ec2 = protocol == Protocol::ec2, .body_only = payload == nullptr, .answer = true},
            Path{}, missing);
    }
    if (protocol == Protocol::cbor) {
        wire::CborReader in(answer.body);
        read_cbor(in, body, value, Path{}, missing);
        return in.finish();
    }
    wire::JsonReader in(answer.body);
    read_json(in, body, value, {.body_only = payload == nullptr, .answer = true}, Path{}, missing);
    return in.finish();
}

// Without the headers that every answer has, which a prefix of nothing would take for its own.
Answer answer_of(const WireResponse& response) {
    Answer out{response.status, {}, response.body};
    for (const auto& [name, value] : response.headers) out.headers.add(name, value);
    out.headers.remove("content-type");
    out.headers.remove("x-amzn-requestid");
    return out;
}

std::string run_result(Case& vector, Protocol protocol) {
    Subject subject(vector, protocol);
    const Json& response = vector.json["response"];
    const ShapeInfo& shape = *subject.operation.output;
    const Answer given{static_cast<int>(response["status_code"].as_int()),
                       headers_of(response["headers"]), bytes_of(protocol, response["body"])};
    Dynamic read;
    if (const Status done = read_answer(protocol, subject, shape, given, &read); !done)
        return "theirs: " + done.error().message;
    if (std::string text = difference(shape, vector.json["result"], read); !text.empty())
        return "theirs: " + text;

    Dynamic output;
    fill(shape, vector.json["result"], &output);
    const WireResponse ours =
        encode(protocol, subject.service, subject.operation, &output, "request-1");
    Dynamic again;
    if (const Status done = read_answer(protocol, subject, shape, answer_of(ours), &again); !done)
        return "ours: " + done.error().message + "\n" + ours.body;
    if (std::string text = difference(shape, vector.json["result"], again); !text.empty())
        return "ours: " + text + "\n" + ours.body;
    return ours.status == given.status ? "" : "status " + std::to_string(ours.status);
}

// What a client finds in an error's body and headers.
struct ReadError {
    std::string code, message;
    std::map<std::string, std::string> fields;
};

std::string sanitized(std::string_view code) {
    if (const size_t hash = code.find('#'); hash != code.npos) code.remove_prefix(hash + 1);
    return std::string(code.substr(0, code.find(':')));
}

ReadError read_xml_error(const Answer& answer) {
    ReadError out;
    pugi::xml_document xml;
    xml.load_string(answer.body.c_str());
    pugi::xml_node error = xml.document_element();
    if (const auto errors = error.child("Errors")) error = errors;
    if (const auto inner = error.child("Error")) error = inner;
    for (const pugi::xml_node child : error.children())
        out.fields[child.name()] = child.child_value();
    out.code = out.fields["Code"];
    out.message = out.fields["Message"];
    return out;
}

ReadError read_map_error(Protocol protocol, const Answer& answer) {
    ReadError out;
    if (protocol == Protocol::cbor) {
        wire::CborReader in(answer.body);
        wire::CborReader::Items items;
        std::string key, value;
        for (in.enter_map(items); in.next(items);) {
            in.read_text(key);
            if (in.peek() != wire::CborReader::Kind::text)
                in.skip();
            else if (in.read_text(value))
                out.fields[key] = value;
        }
    } else if (const auto json = Json::parse(answer.body.empty() ? "{}" : answer.body)) {
        for (const auto& [name, value] : json->as_object()) out.fields[name] = value.text();
    }
    out.code = out.fields["__type"];
    if (out.code.empty()) out.code = out.fields["code"];
    if (answer.headers.has("x-amzn-errortype")) out.code = answer.headers.value("x-amzn-errortype");
    out.code = sanitized(out.code);
    if (answer.headers.has("x-amzn-query-error"))
        out.code = split_once(answer.headers.value("x-amzn-query-error"), ';').first;
    out.message = out.fields["message"] + out.fields["Message"];
    return out;
}

ReadError read_error(Protocol protocol, const Answer& answer) {
    const bool is_xml =
        protocol == Protocol::query || protocol == Protocol::ec2 || protocol == Protocol::rest_xml;
    return is_xml ? read_xml_error(answer) : read_map_error(protocol, answer);
}

// Our form of the error must read as the vector's does.
std::string run_error(Case& vector, Protocol protocol) {
    Subject subject(vector, protocol);
    const Json& response = vector.json["response"];
    const Answer given{static_cast<int>(response["status_code"].as_int()),
                       headers_of(response["headers"]), bytes_of(protocol, response["body"])};
    const ReadError theirs = read_error(protocol, given);
    if (theirs.code != vector.json["errorCode"].as_string()) return "theirs: code " + theirs.code;

    const std::string name = vector.json["given"]["errors"][0]["shape"].as_string();
    const Json& shape = vector.suite["shapes"][name];
    const bool by_shape =
        protocol == Protocol::json || protocol == Protocol::rest_json || protocol == Protocol::cbor;
    const std::string code = shape["error"]["code"].string_or(name);
    subject.error = {vector.shapes.keep(name), vector.shapes.keep(code),
                     static_cast<int16_t>(given.status), true,
                     shape["members"].find("Message") != nullptr};
    subject.service.errors = &subject.error;
    subject.service.error_count = 1;
    Error error{by_shape ? name : code, theirs.message, given.status, {}};
    for (const auto& [field, value] : vector.json["error"].as_object())
        if (value.is_string() && !equals_ignoring_case(field, "message") &&
            shape["members"][field]["location"].is_null())
            error.fields.emplace_back(shape["members"][field]["locationName"].string_or(field),
                                      value.as_string());
    const WireResponse answer = encode_error(protocol, subject.service, error, "request-1");
    const ReadError ours = read_error(protocol, answer_of(answer));
    if (ours.code != theirs.code || ours.message != theirs.message || answer.status != given.status)
        return "ours: " + ours.code + " " + ours.message + "\n" + answer.body;
    for (const auto& [field, value] : error.fields)
        if (const auto found = ours.fields.find(field);
            found == ours.fields.end() || found->second != value)
            return "ours: lacks " + field + "\n" + answer.body;
    return "";
}

struct Count {
    int passed = 0, failed = 0, of_clients = 0;
};

Protocol protocol_of(const std::string& name) {
    if (name == "query") return Protocol::query;
    if (name == "ec2") return Protocol::ec2;
    if (name == "json") return Protocol::json;
    if (name == "rest-json") return Protocol::rest_json;
    if (name == "rest-xml") return Protocol::rest_xml;
    return Protocol::cbor;
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

void run_file(const std::filesystem::path& path, Count& count) {
    const auto suites = Json::parse(read_file(path));
    ASSERT_TRUE(suites) << path << ": " << suites.error().message;
    for (const Json& suite : suites->as_array()) {
        const Protocol protocol = protocol_of(suite["metadata"]["protocol"].as_string());
        for (const Json& json : suite["cases"].as_array()) {
            DynamicShapes shapes(suite["shapes"]);
            Case vector{suite, json, shapes};
            if (is_client_only(json)) {
                ++count.of_clients;
                continue;
            }
            const std::string wrong = json.find("serialized") ? run_input(vector, protocol)
                                      : json.find("result")   ? run_result(vector, protocol)
                                                              : run_error(vector, protocol);
            ++(wrong.empty() ? count.passed : count.failed);
            EXPECT_EQ(wrong, "") << path.parent_path().filename() << "/" << path.filename() << " "
                                 << vector.id();
        }
    }
}

void run_folder(const char* folder) {
    const std::filesystem::path path =
        std::filesystem::path("../shared/vectors/protocols") / folder;
    if (!std::filesystem::exists(path))
        GTEST_SKIP() << "no vectors at " << path << "; they are not in the repository";
    Count count;
    for (const auto& entry : std::filesystem::directory_iterator(path))
        run_file(entry.path(), count);
    std::printf("protocol vectors, %s: %d pass, %d fail, %d are a client's alone\n", folder,
                count.passed, count.failed, count.of_clients);
}

TEST(ProtocolVectors, RequestsDecodeToTheirParameters) { run_folder("input"); }
TEST(ProtocolVectors, AnswersReadAsTheirResults) { run_folder("output"); }

}  // namespace
}  // namespace unkai::aws::protocol
