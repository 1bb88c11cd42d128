#include "aws/paging.h"
#include "services/acm/acm.h"
#include "services/acm/limits.h"

namespace unkai::services::acm {

namespace {

bool is_issued(const Record& record) { return !record.certificate.empty(); }

DomainValidation describe_domain(const Record& record, const Domain& domain) {
    const bool ended =
        record.status != certificate_status::pending_validation && !is_issued(record);
    DomainValidation out;
    out.domain_name = domain.name;
    out.validation_domain = domain.name;
    out.validation_status = std::string(domain.validated ? domain_status::success
                                        : ended          ? domain_status::failed
                                                         : domain_status::pending_validation);
    out.resource_record = ResourceRecord{.name = domain.record_name,
                                         .type = std::string(record_type::cname),
                                         .value = domain.record_value};
    out.validation_method = std::string(validation_method::dns);
    return out;
}

std::string eligibility(const Record& record, bool in_use) {
    const bool eligible = record.type == certificate_type::amazon_issued &&
                          record.status == certificate_status::issued && in_use;
    return std::string(eligible ? renewal_eligibility::eligible : renewal_eligibility::ineligible);
}

CertificateDetail describe(const Record& record, std::vector<std::string> users) {
    CertificateDetail out;
    out.certificate_arn = arn_of(record);
    out.domain_name = record.domain;
    out.subject_alternative_names = record.names;
    for (const Domain& domain : record.domains)
        out.domain_validation_options.push_back(describe_domain(record, domain));
    out.subject = record.subject.empty() ? "CN=" + record.domain : record.subject;
    out.status = record.status;
    out.type = record.type;
    out.key_algorithm = record.key_algorithm;
    out.signature_algorithm =
        record.signature_algorithm.empty() ? "SHA256WITHECDSA" : record.signature_algorithm;
    out.issuer = record.issuer;
    out.renewal_eligibility = eligibility(record, !users.empty());
    out.in_use_by = std::move(users);
    out.in_use_by.present = true;
    out.options = CertificateOptions{
        .certificate_transparency_logging_preference = std::string(
            record.transparency_off ? certificate_transparency_logging_preference::disabled
                                    : certificate_transparency_logging_preference::enabled)};
    if (record.type == certificate_type::imported)
        out.imported_at = record.issued;
    else
        out.created_at = record.created;
    if (!is_issued(record)) return out;
    if (record.type != certificate_type::imported) out.issued_at = record.issued;
    out.serial = record.serial;
    out.not_before = record.not_before;
    out.not_after = record.not_after;
    out.key_usages.push_back({.name = std::string(key_usage_name::digital_signature)});
    out.extended_key_usages.push_back(
        {.name = std::string(extended_key_usage_name::tls_web_server_authentication),
         .oid = "1.3.6.1.5.5.7.3.1"});
    if (record.renewed) {
        out.renewal_summary = RenewalSummary{.renewal_status = std::string(renewal_status::success),
                                             .updated_at = *record.renewed};
        for (const Domain& domain : record.domains)
            out.renewal_summary->domain_validation_options.push_back(
                describe_domain(record, domain));
    }
    return out;
}

CertificateSummary summarize(const Record& record, bool in_use) {
    CertificateSummary out;
    out.certificate_arn = arn_of(record);
    out.domain_name = record.domain;
    out.subject_alternative_name_summaries = record.names;
    out.has_additional_subject_alternative_names = false;
    out.status = record.status;
    out.type = record.type;
    out.key_algorithm = record.key_algorithm;
    out.in_use = in_use;
    out.renewal_eligibility = eligibility(record, in_use);
    out.created_at = record.created;
    if (record.type == certificate_type::imported) out.imported_at = record.issued;
    if (!is_issued(record)) return out;
    if (record.type != certificate_type::imported) out.issued_at = record.issued;
    out.key_usages = {std::string(key_usage_name::digital_signature)};
    out.extended_key_usages = {std::string(extended_key_usage_name::tls_web_server_authentication)};
    out.not_before = record.not_before;
    out.not_after = record.not_after;
    return out;
}

bool contains(const List<std::string>& list, std::string_view value) {
    return std::ranges::find(list, value) != list.end();
}

// Without a filter ACM lists RSA_1024 and RSA_2048 only. Those who name no algorithm get an EC key
// here, so these certificates are listed too.
bool is_wanted(const Record& record, const ListCertificatesInput& in) {
    if (!in.certificate_statuses.empty() && !contains(in.certificate_statuses, record.status))
        return false;
    if (in.includes && in.includes->managed_by) return false;
    if (in.includes && in.includes->export_option == certificate_export::enabled) return false;
    if (in.includes && !in.includes->key_types.empty())
        return contains(in.includes->key_types, record.key_algorithm);
    return !record.algorithm_given || record.key_algorithm == key_algorithm::rsa_2048 ||
           record.key_algorithm == key_algorithm::rsa_1024;
}

}  // namespace

Result<DescribeCertificateOutput> Acm::DescribeCertificate(aws::Call& call,
                                                           const DescribeCertificateInput& in) {
    TRY(const Record record, find_certificate(call, in.certificate_arn));
    DescribeCertificateOutput out;
    out.certificate = describe(record, certificates_.users_of(in.certificate_arn));
    return out;
}

Result<ListCertificatesOutput> Acm::ListCertificates(aws::Call& call,
                                                     const ListCertificatesInput& in) {
    if (in.sort_by.has_value() != in.sort_order.has_value())
        return errors::ValidationException("SortBy and SortOrder must be given together.");
    std::vector<std::pair<std::string, Record>> rows;
    for (auto& [key, record] : schema::certificates.list(call.txn(), call.account, call.region)) {
        if (!is_wanted(record, in)) continue;
        // Zero-padded, so that text order is the order of time.
        std::string stamp = std::to_string(micros(record.created));
        stamp.insert(0, stamp.size() < 20 ? 20 - stamp.size() : 0, '0');
        if (in.sort_order == sort_order::descending)
            for (char& digit : stamp) digit = static_cast<char>('0' + '9' - digit);
        rows.emplace_back((in.sort_by ? stamp : "") + record.id, std::move(record));
    }
    std::ranges::sort(rows, {}, [](const auto& row) { return row.first; });
    const auto most =
        static_cast<size_t>(in.max_items.value_or(static_cast<int32_t>(limits::page)));
    TRY(const auto page, aws::page(
                             rows, [](const auto& row) { return row.first; }, in.next_token, most,
                             "ValidationException"));
    ListCertificatesOutput out;
    out.certificate_summary_list.present = true;
    for (const auto* row : page.items)
        out.certificate_summary_list.push_back(
            summarize(row->second, !certificates_.users_of(arn_of(row->second)).empty()));
    out.next_token = page.next;
    return out;
}

Result<GetCertificateOutput> Acm::GetCertificate(aws::Call& call, const GetCertificateInput& in) {
    TRY(const Record record, find_certificate(call, in.certificate_arn));
    if (!is_issued(record))
        return errors::RequestInProgressException(
            "Certificate is still in progress: " + in.certificate_arn + " is " + record.status +
            ".");
    GetCertificateOutput out;
    out.certificate = record.certificate;
    if (!record.chain.empty()) out.certificate_chain = record.chain;
    return out;
}

}  // namespace unkai::services::acm
