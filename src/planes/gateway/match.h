// Which route a path and a method lead to, and media types. Pure.
//
// REST APIs: the most literal resource wins, and its method decides; there is no falling back to a
// less literal resource. HTTP APIs: a full match, then a greedy one, then $default, each with its
// method. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
#pragma once

#include <string_view>

#include "planes/gateway/snapshot.h"

namespace unkai::planes::gateway {

// "/pets/{id}/{rest+}". Error BadRequestException: braces that do not fit, a greedy variable that
// is not the last.
Result<std::vector<Segment>> parse_path(std::string_view path);

struct Match {
    const Route* route = nullptr;
    Texts variables;  // Decoded.
};

// `path` as sent, beginning with a slash. O(routes × segments).
Match match_rest(const Content& content, std::string_view method, std::string_view path);
Match match_http(const Content& content, std::string_view method, std::string_view path);

// The longest key that is the path's beginning, whole segments; nullptr when there is none.
const Mapping* match_mapping(const Domain& domain, std::string_view path);

// "application/json; charset=x" is "application/json", lower case.
std::string media_type_of(std::string_view content_type);
// Whether a media type is one of the patterns ("image/*", "*/*", "application/octet-stream").
bool is_binary_type(const std::vector<std::string>& patterns, std::string_view media_type);
// What HTTP APIs hand to Lambda as text.
bool is_text_type(std::string_view media_type);

// ${stageVariables.name} replaced; unknown ones become empty.
std::string with_stage_variables(std::string_view text, const Texts& variables);

}  // namespace unkai::planes::gateway
