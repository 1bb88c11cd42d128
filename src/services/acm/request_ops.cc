#include "base/strings.h"
#include "services/acm/acm.h"
#include "services/acm/limits.h"

namespace unkai::services::acm {

Result<Record> find_certificate(aws::Call& call, const std::string& arn) {
    const auto parts = parse_arn(arn);
    if (!parts)
        return errors::InvalidArnException("Provided ARN " + arn +
                                           " is not a valid certificate ARN.");
    auto record =
        parts->account == call.account
            ? schema::certificates.get(call.txn(), {parts->account, parts->region, parts->id})
            : std::nullopt;
    if (!record)
        return errors::ResourceNotFoundException("Could not find certificate " + arn + ".");
    return std::move(*record);
}

void put_certificate(aws::Call& call, const Record& record) {
    schema::certificates.put(call.txn(), {record.account, record.region, record.id}, record);
}

Status merge_tags(Record& record, const List<Tag>& tags) {
    for (const Tag& tag : tags) {
        if (tag.key.starts_with("aws:"))
            return errors::InvalidTagException(
                "Tag keys that start with aws: are reserved: " + tag.key + ".");
        record.tags[tag.key] = tag.value.value_or("");
    }
    if (record.tags.size() > limits::tags)
        return errors::TooManyTagsException("A certificate has at most " +
                                            std::to_string(limits::tags) + " tags.");
    return ok();
}

namespace {

Record new_record(aws::Call& call, std::string_view type, std::string_view status) {
    Record out;
    out.id = call.env.random.uuid();
    out.account = call.account;
    out.region = call.region;
    out.type = std::string(type);
    out.status = std::string(status);
    out.created = call.now;
    return out;
}

Status check_request(const RequestCertificateInput& in) {
    if (in.certificate_authority_arn)
        return errors::InvalidArnException(
            "There is no private certificate authority " + *in.certificate_authority_arn +
            " here. Leave CertificateAuthorityArn out: the local authority signs.");
    if (in.validation_method != validation_method::dns)
        return errors::InvalidParameterException(
            "Unkai sends no e-mail and reaches no public web server, so that names can be "
            "validated by DNS only. "
            "Give ValidationMethod=DNS and put the CNAME record into a Route 53 hosted zone.");
    if (in.managed_by)
        return errors::InvalidParameterException(
            "Certificates managed by CloudFront are not offered here.");
    if (in.options && in.options->export_ == certificate_export::enabled)
        return errors::InvalidParameterException("Exportable certificates are not offered here.");
    const std::string algorithm =
        in.key_algorithm.value_or(std::string(key_algorithm::ec_prime256v1));
    if (!key_kind(algorithm))
        return errors::InvalidParameterException("The key algorithm " + algorithm +
                                                 " cannot be requested.");
    return ok();
}

Status check_validation_options(const RequestCertificateInput& in,
                                const std::vector<std::string>& names) {
    for (const DomainValidationOption& option : in.domain_validation_options) {
        const auto name = normal_domain(option.domain_name),
                   base = normal_domain(option.validation_domain);
        const bool known = name && std::ranges::find(names, *name) != names.end();
        if (!known || !base || !(*name == *base || name->ends_with("." + *base)))
            return errors::InvalidDomainValidationOptionsException(
                "The validation domain " + option.validation_domain +
                " is no superdomain of a requested name.");
    }
    return ok();
}

}  // namespace

Result<RequestCertificateOutput> Acm::RequestCertificate(aws::Call& call,
                                                         const RequestCertificateInput& in) {
    REQUIRE(check_request(in));
    auto names = all_names(in.domain_name, in.subject_alternative_names);
    if (!names) return errors::InvalidParameterException(names.error().message);
    REQUIRE(check_validation_options(in, *names));
    if (names->size() > limits::names)
        return errors::LimitExceededException("A certificate has at most " +
                                              std::to_string(limits::names) + " domain names.");
    const auto existing = schema::certificates.list(call.txn(), call.account, call.region);
    for (const auto& [key, other] : existing)
        if (in.idempotency_token && other.token == *in.idempotency_token && other.names == *names &&
            other.created + limits::token_memory > call.now)
            return RequestCertificateOutput{.certificate_arn = arn_of(other)};
    if (existing.size() >= limits::certificates)
        return errors::LimitExceededException(
            "Cannot request more certificates in this account. Maximum of " +
            std::to_string(limits::certificates) + " has already been reached.");
    Record record =
        new_record(call, certificate_type::amazon_issued, certificate_status::pending_validation);
    record.domain = names->front();
    record.names = std::move(*names);
    for (const std::string& name : record.names)
        record.domains.push_back(validation_of(call.account, name));
    record.key_algorithm = in.key_algorithm.value_or(std::string(key_algorithm::ec_prime256v1));
    record.algorithm_given = in.key_algorithm.has_value();
    record.token = in.idempotency_token.value_or("");
    if (in.options)
        record.transparency_off = in.options->certificate_transparency_logging_preference ==
                                  certificate_transparency_logging_preference::disabled;
    REQUIRE(merge_tags(record, in.tags));
    put_certificate(call, record);
    return RequestCertificateOutput{.certificate_arn = arn_of(record)};
}

namespace {

Result<net::CertificateFacts> check_import(const ImportCertificateInput& in, Time now) {
    const auto count = net::count_certificates(in.certificate);
    if (!count || *count == 0)
        return errors::ValidationException("The certificate is not in a valid PEM format.");
    if (*count > 1)
        return errors::ValidationException(
            "The certificate field contains more than one certificate. You can specify only one "
            "certificate in this field.");
    const std::string chain = in.certificate_chain.value_or("");
    if (auto good = net::check_chain(in.certificate, chain); !good)
        return errors::ValidationException(good.error().message);
    if (auto good = net::Identity::from_pem(in.certificate, chain, in.private_key); !good) {
        if (good.error().is("KeyDoesNotMatch"))
            return errors::ValidationException("The private key does not match the certificate.");
        return errors::ValidationException(
            "The private key is not supported: it must be in PEM format and unencrypted.");
    }
    TRY(net::CertificateFacts facts, net::read_certificate(in.certificate));
    if (facts.not_after < now || facts.not_before > now)
        return errors::ValidationException(
            "The certificate is not valid at this time: it must be valid when it is imported.");
    return facts;
}

}  // namespace

Result<ImportCertificateOutput> Acm::ImportCertificate(aws::Call& call,
                                                       const ImportCertificateInput& in) {
    TRY(const net::CertificateFacts facts, check_import(in, call.now));
    Record record;
    if (in.certificate_arn) {
        TRY(record, find_certificate(call, *in.certificate_arn));
        if (record.type != certificate_type::imported)
            return errors::ValidationException(
                "Only imported certificates can be imported again: " + *in.certificate_arn + ".");
        if (!in.tags.empty())
            return errors::ValidationException(
                "Tags cannot be given when a certificate is imported again. Use "
                "AddTagsToCertificate.");
    } else {
        if (schema::certificates.list(call.txn(), call.account, call.region).size() >=
            limits::certificates)
            return errors::LimitExceededException(
                "Cannot import more certificates in this account. Maximum of " +
                std::to_string(limits::certificates) + " has already been reached.");
        record = new_record(call, certificate_type::imported, certificate_status::issued);
        REQUIRE(merge_tags(record, in.tags));
    }
    record.certificate = in.certificate;
    record.chain = in.certificate_chain.value_or("");
    record.key = in.private_key;
    record.names = facts.names;
    if (record.names.empty() && !facts.common_name.empty())
        record.names.push_back(to_lower(facts.common_name));
    record.domain = !facts.common_name.empty() ? facts.common_name
                    : record.names.empty()     ? ""
                                               : record.names[0];
    record.issued = call.now;
    put_issued(record, facts);
    record.algorithm_given = true;
    put_certificate(call, record);
    return ImportCertificateOutput{.certificate_arn = arn_of(record)};
}

Result<DeleteCertificateOutput> Acm::DeleteCertificate(aws::Call& call,
                                                       const DeleteCertificateInput& in) {
    TRY(const Record record, find_certificate(call, in.certificate_arn));
    if (!certificates_.users_of(in.certificate_arn).empty())
        return errors::ResourceInUseException("Certificate " + in.certificate_arn + " in account " +
                                              call.account + " is in use.");
    schema::certificates.erase(call.txn(), {record.account, record.region, record.id});
    return DeleteCertificateOutput{};
}

}  // namespace unkai::services::acm
