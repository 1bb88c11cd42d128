// Mapping templates: the part of the Velocity Template Language that API Gateway's users write.
//
// #set, #if/#elseif/#else/#end, #foreach, ## and #* comments *#; $input.body, .json(), .path(),
// .params(); $context.…, $stageVariables.…, $util.escapeJavaScript, .parseJson, .urlEncode,
// .urlDecode, .base64Encode, .base64Decode; own variables with lists, maps and the usual methods of
// strings, lists and maps. #macro, #parse, #include and #evaluate are refused. Pure; bounded: 300
// KB of template, 1,000 turns of a loop, 10 MB of output.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/
//     api-gateway-mapping-template-reference.html
#pragma once

#include "planes/gateway/request.h"

namespace unkai::planes::gateway {

struct TemplateInput {
    const Turn& turn;
    std::string_view body;  // Of the request, or of the integration's response.
    std::map<std::string, std::string>* overrides = nullptr;  // "responseOverride.status" → text
};

// Error BadRequestException: what in the template cannot be had here, with the line.
Status check_template(std::string_view text);
// Error TemplateFailed.
Result<std::string> render_template(std::string_view text, const TemplateInput& input);

}  // namespace unkai::planes::gateway
