// What the operations' files share: documents of the store as AWS shapes, and their errors.
#pragma once

#include "api/apigateway.h"
#include "aws/call.h"
#include "aws/paging.h"
#include "aws/protocol/json_shape.h"
#include "services/apigateway/limits.h"
#include "services/apigateway/schema.h"

namespace unkai::services::apigateway {

using namespace api::apigateway;
namespace errors = api::apigateway::errors;

inline Unexpected bad(std::string message) {
    return unexpected(errors::BadRequestException(std::move(message)));
}

template <class T>
T shape_of(const Document& document) {
    T value;
    CHECK(aws::protocol::from_json(value, document.json).has_value(),
          "a document of API Gateway does not parse");
    return value;
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

// Everything in a scope.
void erase_scope(aws::Call& call, const std::string& scope);
void erase_kind(aws::Call& call, const std::string& scope, const char* kind);

// ---- By id; NotFoundException.
Result<RestApi> find_rest_api(aws::Call& call, const std::string& id);
Result<Resource> find_resource(aws::Call& call, const std::string& api, const std::string& id);
Result<Stage> find_stage(aws::Call& call, const std::string& api, const std::string& name);
template <class T>
Result<T> find(aws::Call& call, const std::string& scope, const char* kind, const std::string& id,
               std::string_view what) {
    auto found = load<T>(call, scope, kind, id);
    if (!found) return errors::NotFoundException("Invalid " + std::string(what) + " specified");
    return *std::move(found);
}

// Lower-case letters and digits.
std::string new_id(aws::Call& call, size_t characters);
Status check_tags(const Map<std::string>& tags);
inline std::optional<std::string> given(std::string text) {
    if (text.empty()) return std::nullopt;
    return text;
}

// One page of rows; `position` and `limit` as AWS takes them.
template <class Row, class KeyOf, class Out>
Status put_page(const std::vector<Row>& rows, const KeyOf& key_of,
                const std::optional<std::string>& position, const std::optional<int32_t>& limit,
                Out& out) {
    const int32_t wanted = limit.value_or(static_cast<int32_t>(limits::page));
    if (wanted < 1 || wanted > static_cast<int32_t>(limits::most_page))
        return bad("Invalid limit specified: 1 to 500");
    TRY(auto page,
        aws::page(rows, key_of, position, static_cast<size_t>(wanted), "BadRequestException"));
    for (const Row* row : page.items) out.items.push_back(*row);
    out.items.present = true;
    out.position = page.next;
    return ok();
}

// ---- Patch operations (patch.cc)
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
// `allowed`: paths, a part `*` stands for any text. The shape's kinds say what values must be.
Result<std::string> patched_json(const ShapeInfo& shape, const void* value,
                                 const List<PatchOperation>& operations,
                                 const std::vector<std::string_view>& allowed);
template <class T>
Status patch(T& value, const List<PatchOperation>& operations,
             const std::vector<std::string_view>& allowed) {
    TRY(const std::string json, patched_json(T::shape_info, &value, operations, allowed));
    T fresh;
    REQUIRE(aws::protocol::from_json(fresh, json));
    value = std::move(fresh);
    return ok();
}
// "/a~1b/c" → "a/b", "c"
std::vector<std::string> patch_path(std::string_view path);

}  // namespace unkai::services::apigateway
