// Two small JSON languages of mapping templates and validators. Pure.
#pragma once

#include <memory>

#include "planes/gateway/snapshot.h"

namespace unkai::planes::gateway {

// $, $.a.b, $['a'], $.list[0], $.list[-1], $.list[*].name. A wildcard gives a list. What is not
// there is null.
wire::Json json_path(const wire::Json& document, std::string_view path);

// Whether `value` fits the schema: JSON Schema draft 4 as API Gateway takes it (type, enum,
// required, properties, additionalProperties, items, lengths, limits, pattern, allOf, anyOf, oneOf,
// not, $ref to #/definitions/… and to other models of the API). Unknown words are passed over.
// `why` gets the first reason.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html
bool fits_schema(const wire::Json& value, const wire::Json& schema,
                 const std::map<std::string, wire::Json>& models, std::string& why);

}  // namespace unkai::planes::gateway
