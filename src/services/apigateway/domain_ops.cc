#include "base/strings.h"
#include "services/apigateway/apigateway.h"
#include "services/apigateway/hosted_zones.h"

namespace unkai::services::apigateway {

namespace {

constexpr std::string_view root_path = "(none)";

bool is_edge(const DomainName& domain) {
    return domain.endpoint_configuration && !domain.endpoint_configuration->types.empty() &&
           domain.endpoint_configuration->types[0] == "EDGE";
}

Result<DomainName> find_domain(aws::Call& call, const std::string& name) {
    return find<DomainName>(call, "", kind::domain, to_lower(name), "domain name identifier");
}

bool is_domain_name(std::string_view name) {
    if (name.starts_with("*.")) name.remove_prefix(2);
    if (name.find('.') == name.npos || name.size() > 253) return false;
    for (const std::string_view label : split(name, '.')) {
        const bool good =
            !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
            std::all_of(label.begin(), label.end(),
                        [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '-'; });
        if (!good) return false;
    }
    return true;
}

Status check_domain(const DomainName& domain, net::CertificateLookup& certificates) {
    const std::string arn =
        (is_edge(domain) ? domain.certificate_arn : domain.regional_certificate_arn).value_or("");
    if (arn.empty())
        return bad(is_edge(domain)
                       ? "A certificate ARN must be specified for an edge-optimized domain name"
                       : "A regional certificate ARN must be specified");
    if (const auto identity = certificates.find(arn); !identity)
        return bad("The certificate " + arn + " cannot be used: " + identity.error().message);
    if (domain.mutual_tls_authentication)
        return bad("Unkai has no mutual TLS for domain names. Use a Lambda authorizer.");
    return check_tags(domain.tags);
}

// "(none)" and "" are the root.
std::string stored_path(const std::optional<std::string>& path) {
    return !path || path->empty() ? std::string(root_path) : *path;
}

Status check_mapping(aws::Call& call, const BasePathMapping& mapping) {
    if (!load<RestApi>(call, "", kind::api, mapping.rest_api_id.value_or("")))
        return bad("Invalid REST API identifier specified");
    if (mapping.stage && !mapping.stage->empty() &&
        !load<Stage>(call, *mapping.rest_api_id, kind::stage, *mapping.stage))
        return bad("Invalid stage identifier specified");
    const bool good = std::all_of(mapping.base_path->begin(), mapping.base_path->end(), [](char c) {
        return isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("$-_.+!*'()").find(c) != std::string_view::npos;
    });
    if (!good)
        return bad(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
            "To create a multi-level base path mapping, use API Gateway V2.");
    return ok();
}

Result<BasePathMapping> find_mapping(aws::Call& call, const std::string& domain,
                                     const std::string& path) {
    REQUIRE(find_domain(call, domain));
    return find<BasePathMapping>(call, to_lower(domain), kind::mapping, stored_path(path),
                                 "base path mapping identifier");
}

}  // namespace

Result<DomainName> ApiGateway::CreateDomainName(aws::Call& call, const CreateDomainNameInput& in) {
    const std::string name = to_lower(in.domain_name);
    if (!is_domain_name(name)) return bad("Invalid domain name specified: " + in.domain_name);
    if (load<DomainName>(call, "", kind::domain, name))
        return bad("The domain name you provided already exists.");
    if (in.certificate_body)
        return bad("Import the certificate into ACM and name its ARN: Unkai takes none here.");
    if (all<DomainName>(call, "", kind::domain).size() >= limits::domains)
        return errors::LimitExceededException("Maximum number of domain names has been reached.");
    DomainName made{.domain_name = in.domain_name,
                    .certificate_name = in.certificate_name,
                    .certificate_arn = in.certificate_arn,
                    .regional_certificate_name = in.regional_certificate_name,
                    .regional_certificate_arn = in.regional_certificate_arn,
                    .endpoint_configuration = in.endpoint_configuration,
                    .domain_name_status = "AVAILABLE",
                    .security_policy = in.security_policy.value_or("TLS_1_2"),
                    .tags = in.tags};
    if (in.mutual_tls_authentication) made.mutual_tls_authentication.emplace();
    if (!made.endpoint_configuration) made.endpoint_configuration.emplace();
    if (made.endpoint_configuration->types.empty())
        made.endpoint_configuration->types = {in.regional_certificate_arn ? "REGIONAL" : "EDGE"};
    if (made.endpoint_configuration->types[0] == "PRIVATE")
        return bad("Unkai has no private domain names. Use REGIONAL.");
    made.endpoint_configuration->ip_address_type = "ipv4";
    REQUIRE(check_domain(made, certificates_));
    if (is_edge(made)) {
        made.distribution_domain_name = "d" + new_id(call, 13) + ".cloudfront.net";
        made.distribution_hosted_zone_id = distribution_zone;
        made.certificate_upload_date = call.now;
    } else {
        made.regional_domain_name =
            "d-" + new_id(call, 10) + ".execute-api." + call.region + ".amazonaws.com";
        made.regional_hosted_zone_id = regional_zone(call.region);
    }
    made.domain_name_arn = "arn:aws:apigateway:" + call.region + "::/domainnames/" + name;
    save(call, "", kind::domain, name, made);
    return made;
}

Result<DomainName> ApiGateway::GetDomainName(aws::Call& call, const GetDomainNameInput& in) {
    return find_domain(call, in.domain_name);
}

Result<GetDomainNamesOutput> ApiGateway::GetDomainNames(aws::Call& call,
                                                        const GetDomainNamesInput& in) {
    GetDomainNamesOutput out;
    REQUIRE(put_page(
        all<DomainName>(call, "", kind::domain),
        [](const DomainName& one) { return to_lower(*one.domain_name); }, in.position, in.limit,
        out));
    return out;
}

Result<DomainName> ApiGateway::UpdateDomainName(aws::Call& call, const UpdateDomainNameInput& in) {
    TRY(DomainName found, find_domain(call, in.domain_name));
    REQUIRE(
        patch(found, in.patch_operations,
              {"/certificateName", "/certificateArn", "/regionalCertificateName",
               "/regionalCertificateArn", "/securityPolicy", "/endpointConfiguration/types/*"}));
    REQUIRE(check_domain(found, certificates_));
    if (is_edge(found) && !found.distribution_domain_name) {
        found.distribution_domain_name = "d" + new_id(call, 13) + ".cloudfront.net";
        found.distribution_hosted_zone_id = distribution_zone;
    }
    if (!is_edge(found) && !found.regional_domain_name) {
        found.regional_domain_name =
            "d-" + new_id(call, 10) + ".execute-api." + call.region + ".amazonaws.com";
        found.regional_hosted_zone_id = regional_zone(call.region);
    }
    save(call, "", kind::domain, to_lower(in.domain_name), found);
    return found;
}

Result<DeleteDomainNameOutput> ApiGateway::DeleteDomainName(aws::Call& call,
                                                            const DeleteDomainNameInput& in) {
    REQUIRE(find_domain(call, in.domain_name));
    erase(call, "", kind::domain, to_lower(in.domain_name));
    erase_scope(call, to_lower(in.domain_name));
    return DeleteDomainNameOutput{};
}

Result<BasePathMapping> ApiGateway::CreateBasePathMapping(aws::Call& call,
                                                          const CreateBasePathMappingInput& in) {
    REQUIRE(find_domain(call, in.domain_name));
    const std::string scope = to_lower(in.domain_name);
    BasePathMapping made{
        .base_path = stored_path(in.base_path), .rest_api_id = in.rest_api_id, .stage = in.stage};
    REQUIRE(check_mapping(call, made));
    if (load<BasePathMapping>(call, scope, kind::mapping, *made.base_path))
        return errors::ConflictException("Base path already exists for this domain name");
    if (all<BasePathMapping>(call, scope, kind::mapping).size() >= limits::mappings)
        return errors::LimitExceededException("Maximum number of base path mappings reached.");
    save(call, scope, kind::mapping, *made.base_path, made);
    return made;
}

Result<BasePathMapping> ApiGateway::GetBasePathMapping(aws::Call& call,
                                                       const GetBasePathMappingInput& in) {
    return find_mapping(call, in.domain_name, in.base_path);
}

Result<GetBasePathMappingsOutput> ApiGateway::GetBasePathMappings(
    aws::Call& call, const GetBasePathMappingsInput& in) {
    REQUIRE(find_domain(call, in.domain_name));
    GetBasePathMappingsOutput out;
    REQUIRE(put_page(
        all<BasePathMapping>(call, to_lower(in.domain_name), kind::mapping),
        [](const BasePathMapping& one) { return *one.base_path; }, in.position, in.limit, out));
    return out;
}

Result<BasePathMapping> ApiGateway::UpdateBasePathMapping(aws::Call& call,
                                                          const UpdateBasePathMappingInput& in) {
    TRY(BasePathMapping found, find_mapping(call, in.domain_name, in.base_path));
    const std::string old = *found.base_path, scope = to_lower(in.domain_name);
    List<PatchOperation> operations = in.patch_operations;
    for (PatchOperation& one : operations)
        if (one.path == "/restapiId") one.path = "/restApiId";  // As AWS spells it.
    REQUIRE(patch(found, operations, {"/basePath", "/restApiId", "/stage"}));
    found.base_path = stored_path(found.base_path);
    REQUIRE(check_mapping(call, found));
    if (found.base_path != old &&
        load<BasePathMapping>(call, scope, kind::mapping, *found.base_path))
        return errors::ConflictException("Base path already exists for this domain name");
    erase(call, scope, kind::mapping, old);
    save(call, scope, kind::mapping, *found.base_path, found);
    return found;
}

Result<DeleteBasePathMappingOutput> ApiGateway::DeleteBasePathMapping(
    aws::Call& call, const DeleteBasePathMappingInput& in) {
    TRY(const BasePathMapping found, find_mapping(call, in.domain_name, in.base_path));
    erase(call, to_lower(in.domain_name), kind::mapping, *found.base_path);
    return DeleteBasePathMappingOutput{};
}

}  // namespace unkai::services::apigateway
