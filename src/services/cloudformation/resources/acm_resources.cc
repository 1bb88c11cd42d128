// AWS::CertificateManager::Certificate. With a HostedZoneId the validation records are written
// here, and taken away with the certificate.
#include "services/cloudformation/resource_type.h"

namespace unkai::services::cloudformation {

namespace {

Json arn_of(const Work& work) { return Json::object({{"CertificateArn", work.physical_id}}); }

Task<Result<std::string>> request(Work& work) {
    Json input = work.input;
    input.set("IdempotencyToken", work.token);
    Json validation = Json::array();
    const Json& options = work["DomainValidationOptions"];
    for (size_t i = 0; i < options.size(); ++i)
        if (options[i].find("ValidationDomain"))
            validation.push(Json::object({{"DomainName", options[i]["DomainName"]},
                                          {"ValidationDomain", options[i]["ValidationDomain"]}}));
    if (validation.size() > 0) input.set("DomainValidationOptions", validation);
    if (const Json tags = work.tags(); tags.size() > 0) input.set("Tags", tags);
    CO_TRY(const Json made, co_await work.call("acm", "RequestCertificate", std::move(input)));
    co_return made["CertificateArn"].text();
}

std::string zone_of(const Work& work, const std::string& domain) {
    const Json& options = work["DomainValidationOptions"];
    for (size_t i = 0; i < options.size(); ++i)
        if (options[i]["DomainName"].text() == domain) return options[i]["HostedZoneId"].text();
    return "";
}

Task<Status> change_record(Work& work, std::string zone, std::string action, Json record) {
    const Json set = Json::object(
        {{"Name", record["Name"]},
         {"Type", record["Type"]},
         {"TTL", 300},
         {"ResourceRecords", Json::array({Json::object({{"Value", record["Value"]}})})}});
    const Json change = Json::object({{"Action", action}, {"ResourceRecordSet", set}});
    const Json input =
        Json::object({{"HostedZoneId", zone},
                      {"ChangeBatch", Json::object({{"Changes", Json::array({change})}})}});
    const bool deletion = action == "DELETE";
    CO_REQUIRE(co_await work.call_unless(
        "route53", "ChangeResourceRecordSets", input,
        deletion ? std::vector<std::string>{"InvalidChangeBatch", "NoSuchHostedZone"}
                 : std::vector<std::string>{}));
    co_return ok();
}

// Every domain with its zone: the record that proves it.
Task<Status> each_record(Work& work, std::string action, Json certificate) {
    const Json& options = certificate["DomainValidationOptions"];
    for (size_t i = 0; i < options.size(); ++i) {
        const std::string zone = zone_of(work, options[i]["DomainName"].text());
        if (!zone.empty() && options[i].find("ResourceRecord"))
            CO_REQUIRE(co_await change_record(work, zone, action, options[i]["ResourceRecord"]));
    }
    co_return ok();
}

Task<Result<Json>> settle(Work& work) {
    const auto has_records = [](const Json& answer) -> Result<bool> {
        const Json& certificate = answer["Certificate"];
        if (certificate["Status"].text() != "PENDING_VALIDATION") return true;
        const Json& options = certificate["DomainValidationOptions"];
        for (size_t i = 0; i < options.size(); ++i)
            if (options[i]["ValidationMethod"].text() == "DNS" &&
                !options[i].find("ResourceRecord"))
                return false;
        return options.size() > 0;
    };
    CO_TRY(const Json pending,
           co_await work.wait_until("acm", "DescribeCertificate", arn_of(work), has_records));
    CO_REQUIRE(co_await each_record(work, "UPSERT", pending["Certificate"]));
    const auto issued = [](const Json& answer) -> Result<bool> {
        const std::string status = answer["Certificate"]["Status"].text();
        if (status == "ISSUED") return true;
        if (status == "PENDING_VALIDATION") return false;
        return fail(
            "CertificateFailed",
            "The certificate is " + status + ": " + answer["Certificate"]["FailureReason"].text(),
            400);
    };
    CO_REQUIRE(co_await work.wait_until("acm", "DescribeCertificate", arn_of(work), issued,
                                        std::chrono::hours{12}));
    co_return Json::object();
}

Task<Status> update(Work& work) {
    if (!work.changed("Tags")) co_return ok();
    Json gone = Json::array();
    if (work.previous["Tags"].is_array())
        for (const Json& tag : work.previous["Tags"].as_array()) gone.push(tag);
    for (const auto& [call, tags] : {std::pair{"RemoveTagsFromCertificate", gone},
                                     std::pair{"AddTagsToCertificate", work.tags()}}) {
        if (tags.size() == 0) continue;
        Json input = arn_of(work);
        input.set("Tags", tags);
        CO_REQUIRE(co_await work.call("acm", call, std::move(input)));
    }
    co_return ok();
}

Task<Status> remove(Work& work) {
    const Result<Json> answer = co_await work.call("acm", "DescribeCertificate", arn_of(work));
    if (!answer) {
        if (has_code(answer.error(), {"ResourceNotFound"})) co_return ok();
        co_return answer.error();
    }
    CO_REQUIRE(co_await work.remove("acm", "DeleteCertificate", arn_of(work), {"ResourceNotFound"},
                                    {"ResourceInUse"}));
    co_return co_await each_record(work, "DELETE", (*answer)["Certificate"]);
}

constexpr ResourceType acm_types[] = {
    {.name = "AWS::CertificateManager::Certificate",
     .properties =
         "DomainName!^ SubjectAlternativeNames^ ValidationMethod^ KeyAlgorithm^ "
         "CertificateAuthorityArn^ "
         "DomainValidationOptions^:[{DomainName!:s HostedZoneId:s ValidationDomain:s}] Tags:tags",
     .attributes = "",
     .service = "acm",
     .operation = "RequestCertificate",
     .create = request,
     .settle = settle,
     .update = update,
     .remove = remove},
};

}  // namespace

std::span<const ResourceType> acm_resources() { return acm_types; }

}  // namespace unkai::services::cloudformation
