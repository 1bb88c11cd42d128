// What the operations' files share: documents of the store as AWS shapes, and their errors.
#pragma once

#include "api/apigatewayv2.h"
#include "aws/call.h"
#include "aws/paging.h"
#include "aws/protocol/json_shape.h"
#include "services/apigatewayv2/limits.h"
#include "services/apigatewayv2/schema.h"

namespace unkai::services::apigatewayv2 {

using namespace api::apigatewayv2;
namespace errors = api::apigatewayv2::errors;

inline Unexpected bad(std::string message) {
    return unexpected(errors::BadRequestException(std::move(message)));
}
// A quota is reached: AWS answers a ConflictException, but with status 429.
inline Unexpected full(const std::string& what, const std::string& where = "API") {
    constexpr int too_many_requests = 429;
    Error error = errors::ConflictException("Maximum number of " + what + " for this " + where +
                                            " has been reached. Please contact AWS if you need "
                                            "additional " +
                                            what + ".");
    error.status = too_many_requests;
    return unexpected(std::move(error));
}

template <class T>
T shape_of(const Document& document) {
    T value;
    CHECK(aws::protocol::from_json(value, document.json).has_value(),
          "a document of API Gateway does not parse");
    return value;
}

// The same members in another shape: Api as CreateApiOutput.
template <class Out, class In>
Out as(const In& value) {
    return shape_of<Out>({aws::protocol::to_json(value)});
}

template <class T>
std::optional<T> load(aws::Call& call, const std::string& scope, const char* kind,
                      const std::string& id) {
    const auto found =
        schema::documents.get(call.txn(), {call.account, call.region, scope, kind, id});
    if (!found) return std::nullopt;
    return shape_of<T>(*found);
}
template <class T>
void save(aws::Call& call, const std::string& scope, const char* kind, const std::string& id,
          const T& value) {
    schema::documents.put(call.txn(), {call.account, call.region, scope, kind, id},
                          {aws::protocol::to_json(value)});
}
inline void erase(aws::Call& call, const std::string& scope, const char* kind,
                  const std::string& id) {
    schema::documents.erase(call.txn(), {call.account, call.region, scope, kind, id});
}
template <class T>
std::vector<T> all(aws::Call& call, const std::string& scope, const char* kind) {
    std::vector<T> out;
    for (auto& [key, document] :
         schema::documents.list(call.txn(), call.account, call.region, scope, kind))
        out.push_back(shape_of<T>(document));
    return out;
}

// Error NotFoundException.
Result<Api> find_api(aws::Call& call, const std::string& id);
template <class T>
Result<T> find(aws::Call& call, const std::string& api, const char* kind, const std::string& id,
               std::string_view what) {
    REQUIRE(find_api(call, api));
    auto found = load<T>(call, api, kind, id);
    if (!found)
        return errors::NotFoundException("Invalid " + std::string(what) + " identifier specified " +
                                         id);
    return *std::move(found);
}

std::string new_id(aws::Call& call, size_t characters);
Status check_tags(const Map<std::string>& tags);
// Whether a text is given and not empty.
inline bool has(const std::optional<std::string>& text) { return text && !text->empty(); }
// What an update names replaces what was.
template <class T>
void replace(std::optional<T>& old, const std::optional<T>& with) {
    if (with) old = with;
}

// nullopt: neither nothing nor 1 to 500.
std::optional<size_t> parse_most(const std::optional<std::string>& most);
// `items` converted, one page of them; MaxResults is a text in this API.
template <class Item, class Row, class KeyOf, class Out>
Status put_page(const std::vector<Row>& rows, const KeyOf& key_of,
                const std::optional<std::string>& token, const std::optional<std::string>& most,
                Out& out) {
    const auto wanted = parse_most(most);
    if (!wanted) return bad("Invalid MaxResults specified: 1 to 500");
    TRY(auto page, aws::page(rows, key_of, token, *wanted, "BadRequestException"));
    for (const Row* row : page.items) out.items.push_back(as<Item>(*row));
    out.items.present = true;
    out.next_token = page.next;
    return ok();
}

// Freezes the API's content for its stages with AutoDeploy. After every change of it.
void auto_deploy(aws::Call& call, const std::string& api);
Deployment deploy(aws::Call& call, const std::string& api, std::optional<std::string> description,
                  bool automatic);

}  // namespace unkai::services::apigatewayv2
