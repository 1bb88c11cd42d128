#include "services/acm/acm.h"

namespace unkai::services::acm {

Result<UpdateCertificateOptionsOutput> Acm::UpdateCertificateOptions(
    aws::Call& call, const UpdateCertificateOptionsInput& in) {
    TRY(Record record, find_certificate(call, in.certificate_arn));
    if (record.type != certificate_type::amazon_issued)
        return errors::InvalidStateException(
            "The options of imported certificates cannot be changed.");
    if (in.options.export_ == certificate_export::enabled)
        return errors::InvalidStateException("Exportable certificates are not offered here.");
    if (in.options.validation_method && *in.options.validation_method != validation_method::dns)
        return errors::InvalidStateException("Names are validated by DNS only here.");
    if (in.options.certificate_transparency_logging_preference)
        record.transparency_off = *in.options.certificate_transparency_logging_preference ==
                                  certificate_transparency_logging_preference::disabled;
    put_certificate(call, record);
    return UpdateCertificateOptionsOutput{};
}

Result<AddTagsToCertificateOutput> Acm::AddTagsToCertificate(aws::Call& call,
                                                             const AddTagsToCertificateInput& in) {
    TRY(Record record, find_certificate(call, in.certificate_arn));
    REQUIRE(merge_tags(record, in.tags));
    put_certificate(call, record);
    return AddTagsToCertificateOutput{};
}

// A tag given with a value is removed only if it has that value.
Result<RemoveTagsFromCertificateOutput> Acm::RemoveTagsFromCertificate(
    aws::Call& call, const RemoveTagsFromCertificateInput& in) {
    TRY(Record record, find_certificate(call, in.certificate_arn));
    for (const Tag& tag : in.tags) {
        const auto place = record.tags.find(tag.key);
        if (place != record.tags.end() && (!tag.value || *tag.value == place->second))
            record.tags.erase(place);
    }
    put_certificate(call, record);
    return RemoveTagsFromCertificateOutput{};
}

Result<ListTagsForCertificateOutput> Acm::ListTagsForCertificate(
    aws::Call& call, const ListTagsForCertificateInput& in) {
    TRY(const Record record, find_certificate(call, in.certificate_arn));
    ListTagsForCertificateOutput out;
    out.tags.present = true;
    for (const auto& [key, value] : record.tags) out.tags.push_back({.key = key, .value = value});
    return out;
}

Result<GetAccountConfigurationOutput> Acm::GetAccountConfiguration(
    aws::Call& call, const GetAccountConfigurationInput&) {
    const auto kept = schema::configurations.get(call.txn(), {call.account, call.region})
                          .value_or(Configuration{});
    GetAccountConfigurationOutput out;
    out.expiry_events = ExpiryEventsConfiguration{.days_before_expiry = kept.days_before_expiry};
    return out;
}

Result<PutAccountConfigurationOutput> Acm::PutAccountConfiguration(
    aws::Call& call, const PutAccountConfigurationInput& in) {
    Configuration kept;
    if (in.expiry_events)
        kept.days_before_expiry =
            in.expiry_events->days_before_expiry.value_or(kept.days_before_expiry);
    schema::configurations.put(call.txn(), {call.account, call.region}, kept);
    return PutAccountConfigurationOutput{};
}

}  // namespace unkai::services::acm
