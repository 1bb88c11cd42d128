#include "base/strings.h"
#include "services/apigateway/apigateway.h"
#include "wire/json.h"

namespace unkai::services::apigateway {

namespace {

Status check_properties(const std::string& text) {
    const auto properties = wire::Json::parse(text);
    if (!properties || !properties->is_object())
        return bad("Invalid documentation properties specified: they must be a JSON object");
    return ok();
}

Status check_part_room(aws::Call& call, const std::string& api) {
    if (all<DocumentationPart>(call, api, kind::part).size() >= limits::parts)
        return errors::LimitExceededException(
            "Maximum number of documentation parts for this API has been reached.");
    return ok();
}

}  // namespace

Result<DocumentationPart> ApiGateway::CreateDocumentationPart(
    aws::Call& call, const CreateDocumentationPartInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    REQUIRE(check_properties(in.properties));
    REQUIRE(check_part_room(call, in.rest_api_id));
    for (const auto& one : all<DocumentationPart>(call, in.rest_api_id, kind::part))
        if (one.location == in.location)
            return errors::ConflictException(
                "Documentation part already exists for the specified location: type '" +
                in.location.type + "'");
    DocumentationPart made{
        .id = new_id(call, 6), .location = in.location, .properties = in.properties};
    save(call, in.rest_api_id, kind::part, *made.id, made);
    return made;
}

Result<DocumentationPart> ApiGateway::GetDocumentationPart(aws::Call& call,
                                                           const GetDocumentationPartInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    return find<DocumentationPart>(call, in.rest_api_id, kind::part, in.documentation_part_id,
                                   "Documentation part identifier");
}

Result<GetDocumentationPartsOutput> ApiGateway::GetDocumentationParts(
    aws::Call& call, const GetDocumentationPartsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    std::vector<DocumentationPart> parts;
    for (auto& one : all<DocumentationPart>(call, in.rest_api_id, kind::part)) {
        if (in.type && one.location->type != *in.type) continue;
        if (in.path && one.location->path.value_or("/") != *in.path) continue;
        if (in.name_query &&
            one.location->name.value_or("").find(*in.name_query) == std::string::npos)
            continue;
        parts.push_back(std::move(one));
    }
    GetDocumentationPartsOutput out;
    REQUIRE(put_page(
        parts, [](const DocumentationPart& one) { return *one.id; }, in.position, in.limit, out));
    return out;
}

Result<DocumentationPart> ApiGateway::UpdateDocumentationPart(
    aws::Call& call, const UpdateDocumentationPartInput& in) {
    TRY(DocumentationPart found,
        GetDocumentationPart(call, {.rest_api_id = in.rest_api_id,
                                    .documentation_part_id = in.documentation_part_id}));
    REQUIRE(patch(found, in.patch_operations, {"/properties"}));
    REQUIRE(check_properties(found.properties.value_or("")));
    save(call, in.rest_api_id, kind::part, in.documentation_part_id, found);
    return found;
}

Result<DeleteDocumentationPartOutput> ApiGateway::DeleteDocumentationPart(
    aws::Call& call, const DeleteDocumentationPartInput& in) {
    REQUIRE(GetDocumentationPart(
        call, {.rest_api_id = in.rest_api_id, .documentation_part_id = in.documentation_part_id}));
    erase(call, in.rest_api_id, kind::part, in.documentation_part_id);
    return DeleteDocumentationPartOutput{};
}

// The document's x-amazon-apigateway-documentation.
Result<ImportDocumentationPartsOutput> ApiGateway::ImportDocumentationParts(
    aws::Call& call, const ImportDocumentationPartsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    const auto document = wire::Json::parse(in.body);
    if (!document || !document->is_object()) return bad("The body is no OpenAPI document in JSON.");
    const wire::Json& parts =
        (*document)["x-amazon-apigateway-documentation"]["documentationParts"];
    if (!parts.is_array()) return bad("The document holds no documentation parts.");
    if (in.mode == "overwrite") erase_kind(call, in.rest_api_id, kind::part);
    ImportDocumentationPartsOutput out;
    for (const wire::Json& one : parts.as_array()) {
        DocumentationPart part;
        part.location.emplace();
        if (!aws::protocol::from_json(*part.location, one["location"].dump()))
            return bad("A documentation part's location is not valid.");
        part.properties = one["properties"].dump();
        REQUIRE(check_properties(*part.properties));
        REQUIRE(check_part_room(call, in.rest_api_id));
        part.id = new_id(call, 6);
        for (const auto& old : all<DocumentationPart>(call, in.rest_api_id, kind::part))
            if (old.location == part.location) part.id = old.id;
        save(call, in.rest_api_id, kind::part, *part.id, part);
        out.ids.push_back(*part.id);
    }
    return out;
}

Result<DocumentationVersion> ApiGateway::CreateDocumentationVersion(
    aws::Call& call, const CreateDocumentationVersionInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    if (load<DocumentationVersion>(call, in.rest_api_id, kind::version, in.documentation_version))
        return errors::ConflictException("Documentation version already exists: " +
                                         in.documentation_version);
    const auto parts = all<DocumentationPart>(call, in.rest_api_id, kind::part);
    if (parts.empty()) return bad("There are no documentation parts for this API.");
    DocumentationVersion made{.version = in.documentation_version,
                              .created_date = call.now,
                              .description = in.description};
    save(call, in.rest_api_id, kind::version, in.documentation_version, made);
    if (in.stage_name) {
        TRY(Stage stage, find_stage(call, in.rest_api_id, *in.stage_name));
        stage.documentation_version = in.documentation_version;
        save(call, in.rest_api_id, kind::stage, *in.stage_name, stage);
    }
    return made;
}

Result<DocumentationVersion> ApiGateway::GetDocumentationVersion(
    aws::Call& call, const GetDocumentationVersionInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    return find<DocumentationVersion>(call, in.rest_api_id, kind::version, in.documentation_version,
                                      "Documentation version identifier");
}

Result<GetDocumentationVersionsOutput> ApiGateway::GetDocumentationVersions(
    aws::Call& call, const GetDocumentationVersionsInput& in) {
    REQUIRE(find_rest_api(call, in.rest_api_id));
    GetDocumentationVersionsOutput out;
    REQUIRE(put_page(
        all<DocumentationVersion>(call, in.rest_api_id, kind::version),
        [](const DocumentationVersion& one) { return *one.version; }, in.position, in.limit, out));
    return out;
}

Result<DocumentationVersion> ApiGateway::UpdateDocumentationVersion(
    aws::Call& call, const UpdateDocumentationVersionInput& in) {
    TRY(DocumentationVersion found,
        GetDocumentationVersion(call, {.rest_api_id = in.rest_api_id,
                                       .documentation_version = in.documentation_version}));
    REQUIRE(patch(found, in.patch_operations, {"/description"}));
    save(call, in.rest_api_id, kind::version, in.documentation_version, found);
    return found;
}

Result<DeleteDocumentationVersionOutput> ApiGateway::DeleteDocumentationVersion(
    aws::Call& call, const DeleteDocumentationVersionInput& in) {
    REQUIRE(GetDocumentationVersion(
        call, {.rest_api_id = in.rest_api_id, .documentation_version = in.documentation_version}));
    for (const Stage& stage : all<Stage>(call, in.rest_api_id, kind::stage))
        if (stage.documentation_version == in.documentation_version)
            return errors::ConflictException("The stage " + *stage.stage_name +
                                             " uses this documentation version.");
    erase(call, in.rest_api_id, kind::version, in.documentation_version);
    return DeleteDocumentationVersionOutput{};
}

}  // namespace unkai::services::apigateway
