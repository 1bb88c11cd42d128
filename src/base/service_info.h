// ServiceInfo: what the front door knows of an AWS service: its names, its operations and how to
// call them. Generated, one constant per service (api::<name>::info).
//
//     aws::FrontDoor door({api::sqs::bind(sqs), api::s3::bind(s3)});
//
// The invoke functions call the service's method with an input decoded through the operation's
// `input` shape and move what it returns into `output`. Either `invoke` or `invoke_async` is set.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/shape.h"

namespace unkai {

template <class T>
class Task;
namespace aws {
class Call;
}

enum class Protocol : uint8_t { query, ec2, json, rest_json, rest_xml, cbor };

struct ErrorInfo {
    std::string_view shape;  // The model's name of it, which is the code in the JSON protocols.
    std::string_view
        code;  // The code in query and XML; of a service that moved to JSON, the old one.
    int16_t status;
    bool sender_fault;
    bool capital_message;  // JSON: the member is called Message, not message.
};

struct OperationInfo {
    std::string_view name;
    std::string_view method;
    std::string_view uri;  // With {labels}, a greedy {label+}, and literals of the query after `?`.
    int16_t status;        // Of a success.
    bool streaming_input = false;  // The body is not decoded: it travels in the Call.
    bool streaming_output = false;
    bool unsigned_allowed = false;  // AWS takes it without a signature.
    const ShapeInfo* input;
    const ShapeInfo* output;
    std::string_view input_element = {};  // rest-xml: the name and namespace of the body's element.
    std::string_view input_xmlns = {};
    std::string_view output_element = {};      // query: the result wrapper.
    const std::string_view* errors = nullptr;  // Shapes of the errors that the model names.
    uint16_t error_count = 0;
    Status (*invoke)(void* service, aws::Call& call, const void* input, void* output) = nullptr;
    Task<Status> (*invoke_async)(void* service, aws::Call& call, const void* input,
                                 void* output) = nullptr;
};

struct ServiceInfo {
    std::string_view name;  // As in the AWS CLI.
    std::string_view service_id;
    std::string_view endpoint_prefix;
    std::string_view signing_name;
    std::string_view target_prefix;
    std::string_view api_version;
    std::string_view xmlns;
    std::string_view json_version;
    bool global;                // One endpoint for all regions.
    bool query_compatible;      // It was a query service: errors also carry the old code.
    const Protocol* protocols;  // The model's own first.
    uint8_t protocol_count;
    const OperationInfo* operations;  // Those promised, by name.
    uint16_t operation_count;
    // The model's other operations, one a line: "Name METHOD uri".
    std::string_view unpromised;
    const ErrorInfo* errors;
    uint16_t error_count;

    bool speaks(Protocol protocol) const {
        for (uint8_t i = 0; i < protocol_count; ++i)
            if (protocols[i] == protocol) return true;
        return false;
    }
    const OperationInfo* find(std::string_view operation) const {
        for (uint16_t i = 0; i < operation_count; ++i)
            if (operations[i].name == operation) return &operations[i];
        return nullptr;
    }
};

// A service object with its description. `service` is a pointer to the generated abstract class.
struct BoundService {
    const ServiceInfo* info;
    void* service;
};

}  // namespace unkai
