// Errors on the wire: every protocol's own form.
#include "aws/protocol/protocol.h"
#include "aws/protocol/xml_shape.h"
#include "base/strings.h"
#include "wire/cbor.h"
#include "wire/json_stream.h"
#include "wire/xml.h"

namespace unkai::aws::protocol {

static const ErrorInfo* find_error(const ServiceInfo& service, std::string_view code) {
    for (uint16_t i = 0; i < service.error_count; ++i)
        if (service.errors[i].shape == code || service.errors[i].code == code)
            return &service.errors[i];
    return nullptr;
}

static std::string_view fault_name(const Error& error) {
    return error.sender_fault() ? "Sender" : "Receiver";
}

static void xml_fields(wire::XmlWriter& xml, const Error& error) {
    for (const auto& [name, value] : error.fields) xml.leaf(name, value);
}

// <ErrorResponse>: query, and rest-xml but for S3.
static void write_error_response(const ServiceInfo& service, const Error& error,
                                 std::string_view code, std::string_view request_id,
                                 WireResponse& answer) {
    wire::XmlWriter xml(answer.body);
    xml.open("ErrorResponse");
    write_xmlns(xml, service.xmlns);
    xml.open("Error");
    xml.leaf("Type", fault_name(error));
    xml.leaf("Code", code);
    xml.leaf("Message", error.message);
    xml_fields(xml, error);
    xml.close();
    xml.leaf("RequestId", request_id);
    xml.close();
    answer.add("Content-Type", "text/xml");
    answer.add("x-amzn-RequestId", std::string(request_id));
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
static void write_s3_error(const Error& error, std::string_view request_id, WireResponse& answer) {
    const std::string host_id = base64(std::string(request_id) + "/unkai");
    wire::XmlWriter xml(answer.body);
    xml.declaration();
    xml.open("Error");
    xml.leaf("Code", error.code);
    xml.leaf("Message", error.message);
    xml_fields(xml, error);
    xml.leaf("RequestId", request_id);
    xml.leaf("HostId", host_id);
    xml.close();
    answer.add("Content-Type", "application/xml");
    answer.add("x-amz-request-id", std::string(request_id));
    answer.add("x-amz-id-2", host_id);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
static void write_ec2_error(const Error& error, std::string_view request_id, WireResponse& answer) {
    wire::XmlWriter xml(answer.body);
    xml.declaration();
    xml.open("Response");
    xml.open("Errors");
    xml.open("Error");
    xml.leaf("Code", error.code);
    xml.leaf("Message", error.message);
    xml_fields(xml, error);
    xml.close();
    xml.close();
    xml.leaf("RequestID", request_id);
    xml.close();
    answer.add("Content-Type", "text/xml;charset=UTF-8");
    answer.add("x-amzn-RequestId", std::string(request_id));
}

static std::string_view message_name(const ErrorInfo* known) {
    return known != nullptr && known->capital_message ? "Message" : "message";
}

// Of a service that was a query service, clients still look at the old code.
static void add_query_error(const ServiceInfo& service, const ErrorInfo* known, const Error& error,
                            WireResponse& answer) {
    if (!service.query_compatible) return;
    const std::string code = known != nullptr ? std::string(known->code) : error.code;
    answer.add("x-amzn-query-error", code + ";" + std::string(fault_name(error)));
}

static std::string type_name(const ServiceInfo& service, std::string_view shape) {
    if (service.name == "sqs") return "com.amazonaws.sqs#" + std::string(shape);
    return std::string(shape);
}

static void write_json_error(const ServiceInfo& service, Protocol protocol, const Error& error,
                             std::string_view request_id, WireResponse& answer) {
    const ErrorInfo* known = find_error(service, error.code);
    const std::string_view shape = known != nullptr ? known->shape : std::string_view(error.code);
    wire::JsonWriter json(answer.body);
    json.begin_object();
    if (protocol == Protocol::json) {
        json.key("__type");
        json.string(type_name(service, shape));
    }
    if (!error.message.empty()) {
        json.key(message_name(known));
        json.string(error.message);
    }
    for (const auto& [name, value] : error.fields) {
        json.key(name);
        json.string(value);
    }
    json.end_object();
    const std::string version =
        service.json_version.empty() ? "1.1" : std::string(service.json_version);
    answer.add("Content-Type", protocol == Protocol::json ? "application/x-amz-json-" + version
                                                          : "application/json");
    answer.add("x-amzn-RequestId", std::string(request_id));
    if (protocol == Protocol::rest_json) answer.add("x-amzn-ErrorType", std::string(shape));
    add_query_error(service, known, error, answer);
}

static void write_cbor_error(const ServiceInfo& service, const Error& error,
                             std::string_view request_id, WireResponse& answer) {
    const ErrorInfo* known = find_error(service, error.code);
    const std::string_view shape = known != nullptr ? known->shape : std::string_view(error.code);
    wire::CborWriter cbor(answer.body);
    cbor.begin_map(1 + (error.message.empty() ? 0 : 1) + error.fields.size());
    cbor.text("__type");
    cbor.text(shape);
    if (!error.message.empty()) {
        cbor.text(message_name(known));
        cbor.text(error.message);
    }
    for (const auto& [name, value] : error.fields) {
        cbor.text(name);
        cbor.text(value);
    }
    answer.add("Content-Type", "application/cbor");
    answer.add("smithy-protocol", "rpc-v2-cbor");
    answer.add("x-amzn-RequestId", std::string(request_id));
    add_query_error(service, known, error, answer);
}

WireResponse encode_error(Protocol protocol, const ServiceInfo& service, const Error& error,
                          std::string_view request_id) {
    WireResponse answer;
    answer.status = error.status;
    const ErrorInfo* known = find_error(service, error.code);
    const std::string_view code = known != nullptr ? known->code : std::string_view(error.code);
    switch (protocol) {
        case Protocol::query:
            write_error_response(service, error, code, request_id, answer);
            break;
        case Protocol::rest_xml:
            if (service.name == "s3")
                write_s3_error(error, request_id, answer);
            else
                write_error_response(service, error, code, request_id, answer);
            break;
        case Protocol::ec2:
            write_ec2_error(error, request_id, answer);
            break;
        case Protocol::json:
        case Protocol::rest_json:
            write_json_error(service, protocol, error, request_id, answer);
            break;
        case Protocol::cbor:
            write_cbor_error(service, error, request_id, answer);
            break;
    }
    return answer;
}

}  // namespace unkai::aws::protocol
