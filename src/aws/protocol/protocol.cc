#include "aws/protocol/protocol.h"

#include <pugixml.hpp>

#include "aws/protocol/cbor_shape.h"
#include "aws/protocol/form.h"
#include "aws/protocol/json_shape.h"
#include "aws/protocol/rest_binding.h"
#include "aws/protocol/scalar.h"
#include "aws/protocol/validate.h"
#include "aws/protocol/xml_shape.h"
#include "base/strings.h"

namespace unkai::aws::protocol {

void WireResponse::set(std::string_view name, std::string value) {
    std::erase_if(headers,
                  [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    add(std::string(name), std::move(value));
}

// Requests.

static Status decode_form(const ServiceInfo& service, bool ec2, const ShapeInfo& shape,
                          const WireRequest& request, void* input,
                          std::vector<std::string>& missing) {
    FormNode root;
    REQUIRE(parse_form(request.query, root));
    REQUIRE(parse_form(request.body, root));
    REQUIRE(read_form(root, shape, input, {.ec2 = ec2}, Path{}, missing));
    if (service.name != "ec2") return ok();
    if (const auto key = unused_key(root))
        return fail("UnknownParameter", "The parameter " + *key + " is not recognized", 400);
    return ok();
}

static Status decode_json(const ShapeInfo& shape, std::string_view body, void* input,
                          const JsonStyle& style, std::vector<std::string>& missing) {
    // The front door has limited it already.
    wire::JsonReader in(trim(body).empty() ? "{}" : body, {.bytes = body.size() + 2});
    read_json(in, shape, input, style, Path{}, missing);
    return in.finish();
}

static Status decode_cbor(const ShapeInfo& shape, std::string_view body, void* input,
                          std::vector<std::string>& missing) {
    constexpr std::string_view empty_map = "\xA0";
    wire::CborReader in(body.empty() ? empty_map : body);
    read_cbor(in, shape, input, Path{}, missing);
    return in.finish();
}

static Status malformed_xml(const ServiceInfo& service) {
    if (service.name == "s3")
        return fail("MalformedXML",
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema",
                    400);
    return fail(service.name == "cloudfront" ? "InvalidArgument" : "MalformedInput",
                "The body of the request is not well-formed XML.", 400);
}

static Status decode_xml(const ServiceInfo& service, const ShapeInfo& shape, std::string_view body,
                         void* value, bool body_only, std::vector<std::string>& missing) {
    pugi::xml_document document;
    constexpr unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata_single;
    if (!trim(body).empty() &&
        !document.load_buffer(body.data(), body.size(), flags, pugi::encoding_utf8))
        return malformed_xml(service);
    return read_xml(document.document_element(), shape, value, {.body_only = body_only}, Path{},
                    missing);
}

// The member that is the whole body: bytes and text as they are, a structure in its own form.
static Status decode_payload(Protocol protocol, const ServiceInfo& service,
                             const MemberInfo& member, std::string_view body, void* input,
                             std::vector<std::string>& missing) {
    if (body.empty()) {
        if (member.has(MemberInfo::required)) missing.push_back(Path{}.member(member.name).text());
        return ok();
    }
    const ShapeInfo& shape = *member.shape;
    if (shape.kind == Kind::blob || shape.kind == Kind::string) {
        *static_cast<std::string*>(member.make(input)) = body;
        return ok();
    }
    if (protocol == Protocol::rest_json)
        return decode_json(shape, body, member.make(input), {.body_only = false}, missing);
    return decode_xml(service, shape, body, member.make(input), false, missing);
}

// What a value that does not parse is called: the engines' own word gives way to the service's.
static Status in_words_of(const ServiceInfo& service, Status done) {
    if (done) return done;
    Error& error = done.error();
    if (error.is("MalformedValue"))
        return service.name == "s3" ? Error{"InvalidArgument", std::move(error.message), 400, {}}
                                    : validation_error(service, std::move(error.message));
    return done;
}

static Status decode_rest(Protocol protocol, const ServiceInfo& service, const Route& route,
                          const WireRequest& request, void* input,
                          std::vector<std::string>& missing) {
    const OperationInfo& operation = *route.operation;
    const ShapeInfo& shape = *operation.input;
    REQUIRE(read_bindings(shape, route, request, input, missing));
    if (operation.streaming_input) return ok();
    if (const MemberInfo* payload = payload_of(shape))
        return decode_payload(protocol, service, *payload, request.body, input, missing);
    if (!has_body(shape, false)) return ok();
    if (protocol == Protocol::rest_json)
        return decode_json(shape, request.body, input, {}, missing);
    return decode_xml(service, shape, request.body, input, true, missing);
}

static Status decode_by(Protocol protocol, const ServiceInfo& service, const Route& route,
                        const WireRequest& request, void* input,
                        std::vector<std::string>& missing) {
    const ShapeInfo& shape = *route.operation->input;
    switch (protocol) {
        case Protocol::query:
            return decode_form(service, false, shape, request, input, missing);
        case Protocol::ec2:
            return decode_form(service, true, shape, request, input, missing);
        case Protocol::json:
            return decode_json(shape, request.body, input, {.body_only = false}, missing);
        case Protocol::cbor:
            return decode_cbor(shape, request.body, input, missing);
        case Protocol::rest_json:
        case Protocol::rest_xml:
            return decode_rest(protocol, service, route, request, input, missing);
    }
    return ok();
}

Status decode_only(Protocol protocol, const ServiceInfo& service, const Route& route,
                   const WireRequest& request, void* input, std::vector<std::string>& missing) {
    return in_words_of(service, decode_by(protocol, service, route, request, input, missing));
}

Status decode(Protocol protocol, const ServiceInfo& service, const Route& route,
              const WireRequest& request, void* input) {
    std::vector<std::string> missing;
    REQUIRE(decode_only(protocol, service, route, request, input, missing));
    return validate(service, *route.operation->input, input, missing);
}

// Answers.

static void encode_query(const ServiceInfo& service, const OperationInfo& operation,
                         const void* output, std::string_view request_id, WireResponse& answer) {
    wire::XmlWriter xml(answer.body);
    xml.open(operation.name, "Response");
    write_xmlns(xml, service.xmlns);
    if (!operation.output_element.empty()) {
        xml.open(operation.output_element);
        write_xml(xml, *operation.output, output, {.body_only = false, .query = true});
        xml.close();
    }
    xml.open("ResponseMetadata");
    xml.leaf("RequestId", request_id);
    xml.close();
    xml.close();
    answer.add("Content-Type", "text/xml");
    answer.add("x-amzn-RequestId", std::string(request_id));
}

static void encode_ec2(const ServiceInfo& service, const OperationInfo& operation,
                       const void* output, std::string_view request_id, WireResponse& answer) {
    wire::XmlWriter xml(answer.body);
    xml.declaration();
    xml.open(operation.name, "Response");
    const std::string_view slash = service.xmlns.ends_with('/') || service.xmlns.empty() ? "" : "/";
    write_xmlns(xml, std::string(service.xmlns) + std::string(slash));
    xml.leaf("requestId", request_id);
    if (operation.output->member_count == 0) xml.leaf("return", "true");
    write_xml(xml, *operation.output, output, {.ec2 = true, .body_only = false});
    xml.close();
    answer.add("Content-Type", "text/xml;charset=UTF-8");
    answer.add("x-amzn-RequestId", std::string(request_id));
}

static void encode_json(const ShapeInfo& shape, const void* output, const JsonStyle& style,
                        std::string& body) {
    wire::JsonWriter json(body);
    write_json(json, shape, output, style);
}

static void encode_cbor(const OperationInfo& operation, const void* output,
                        std::string_view request_id, WireResponse& answer) {
    wire::CborWriter cbor(answer.body);
    write_cbor(cbor, *operation.output, output);
    answer.add("Content-Type", "application/cbor");
    answer.add("smithy-protocol", "rpc-v2-cbor");
    answer.add("x-amzn-RequestId", std::string(request_id));
}

static void encode_xml_body(const ServiceInfo& service, const OperationInfo& operation,
                            const MemberInfo* payload, const void* value, WireResponse& answer) {
    const ShapeInfo& shape = payload != nullptr ? *payload->shape : *operation.output;
    std::string_view name = operation.output_element;
    if (name.empty() && payload != nullptr)
        name = payload->wire_name != payload->name ? payload->wire_name : shape.name;
    if (name.empty()) name = shape.name;
    std::string_view xmlns = payload != nullptr ? payload->xmlns : std::string_view();
    if (xmlns.empty()) xmlns = shape.xmlns;
    if (xmlns.empty()) xmlns = service.xmlns;
    wire::XmlWriter xml(answer.body);
    xml.declaration();
    xml.open(name);
    write_xmlns(xml, xmlns);
    const MemberInfo* const only = shape.member_count == 1 ? shape.members : nullptr;
    if (only != nullptr && payload == nullptr && only->wire_name == operation.output_element) {
        // S3's GetBucketLocation: the one member is the root itself.
        if (const void* item = only->get(value)) write_xml(xml, *only->shape, item, {});
    } else {
        write_xml(xml, shape, value, {.body_only = payload == nullptr, .answer = true});
    }
    xml.close();
    answer.add("Content-Type", service.name == "s3" ? "application/xml" : "text/xml");
}

static void encode_payload(Protocol protocol, const ServiceInfo& service,
                           const OperationInfo& operation, const MemberInfo& payload,
                           const void* output, WireResponse& answer) {
    const void* value = payload.get(output);
    if (value == nullptr) return;
    const ShapeInfo& shape = *payload.shape;
    if (shape.kind == Kind::blob || shape.kind == Kind::string) {
        answer.body = *static_cast<const std::string*>(value);
        answer.add("Content-Type",
                   shape.kind == Kind::blob ? "application/octet-stream" : "text/plain");
    } else if (protocol == Protocol::rest_json) {
        wire::JsonWriter json(answer.body);
        write_json(json, shape, value, {.body_only = false}, false);
        answer.add("Content-Type", "application/json");
    } else {
        encode_xml_body(service, operation, &payload, value, answer);
    }
}

static void encode_rest(Protocol protocol, const ServiceInfo& service,
                        const OperationInfo& operation, const void* output,
                        std::string_view request_id, WireResponse& answer) {
    const ShapeInfo& shape = *operation.output;
    answer.add(service.name == "s3" ? "x-amz-request-id" : "x-amzn-RequestId",
               std::string(request_id));
    const MemberInfo* payload = payload_of(shape);
    if (operation.streaming_output) {
        // The caller sends the body.
    } else if (payload != nullptr) {
        encode_payload(protocol, service, operation, *payload, output, answer);
    } else if (protocol == Protocol::rest_json) {
        // Even without members: clients parse an object.
        if (answer.status != 204) encode_json(shape, output, {.answer = true}, answer.body);
        answer.add("Content-Type", "application/json");
    } else if (has_body(shape, true)) {
        encode_xml_body(service, operation, nullptr, output, answer);
    }
    write_bindings(shape, output, answer);
}

WireResponse encode(Protocol protocol, const ServiceInfo& service, const OperationInfo& operation,
                    const void* output, std::string_view request_id) {
    WireResponse answer;
    answer.status = operation.status;
    answer.headers.reserve(4);
    answer.body.reserve(512);
    switch (protocol) {
        case Protocol::query:
            encode_query(service, operation, output, request_id, answer);
            break;
        case Protocol::ec2:
            encode_ec2(service, operation, output, request_id, answer);
            break;
        case Protocol::cbor:
            encode_cbor(operation, output, request_id, answer);
            break;
        case Protocol::json:
            encode_json(*operation.output, output, {.body_only = false}, answer.body);
            answer.add(
                "Content-Type",
                "application/x-amz-json-" +
                    (service.json_version.empty() ? "1.1" : std::string(service.json_version)));
            answer.add("x-amzn-RequestId", std::string(request_id));
            break;
        case Protocol::rest_json:
        case Protocol::rest_xml:
            encode_rest(protocol, service, operation, output, request_id, answer);
            break;
    }
    return answer;
}

}  // namespace unkai::aws::protocol
