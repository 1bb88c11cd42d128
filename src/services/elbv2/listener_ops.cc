#include "aws/paging.h"
#include "services/elbv2/actions.h"
#include "services/elbv2/limits.h"
#include "services/elbv2/names.h"
#include "services/elbv2/policies.h"

namespace unkai::services::elbv2 {

namespace {

Listener show_listener(const ListenerRecord& record) {
    Listener out;
    out.listener_arn = record.arn;
    out.load_balancer_arn = record.balancer;
    out.port = record.port;
    out.protocol = record.protocol;
    if (!record.certificates.empty())
        out.certificates = {Certificate{.certificate_arn = record.certificates.front()}};
    if (!record.ssl_policy.empty()) out.ssl_policy = record.ssl_policy;
    out.default_actions = show_action(record.action);
    return out;
}

// Protocol, port, policy and default certificate fit together.
Status check(aws::Call& call, net::CertificateLookup& certificates, ListenerRecord& record) {
    if (record.protocol != "HTTP" && record.protocol != "HTTPS")
        return errors::UnsupportedProtocolException("Listener protocol '" + record.protocol +
                                                    "' must be one of 'HTTP, HTTPS'");
    if (record.port < 1 || record.port > 65535)
        return invalid("Listener port must be between 1 and 65535");
    for (const ListenerRecord& other : listeners_of(call, record.balancer))
        if (other.port == record.port && other.arn != record.arn)
            return errors::DuplicateListenerException(
                "A listener already exists on this port for this load balancer '" +
                record.balancer + "'");
    if (record.protocol == "HTTP") {
        record.certificates.clear();
        record.ssl_policy.clear();
        return ok();
    }
    if (record.certificates.empty())
        return invalid("A certificate must be specified for HTTPS listeners");
    if (auto known = certificates.find(record.certificates.front()); !known)
        return errors::CertificateNotFoundException("Certificate '" + record.certificates.front() +
                                                    "' not found");
    if (record.ssl_policy.empty()) record.ssl_policy = default_policy;
    if (!is_policy(record.ssl_policy))
        return errors::SSLPolicyNotFoundException("SSL policy '" + record.ssl_policy +
                                                  "' not found");
    return ok();
}

Status refuse_unsupported(const std::optional<MutualAuthenticationAttributes>& mutual,
                          const List<std::string>& alpn) {
    if (mutual && mutual->mode.value_or("off") != "off")
        return errors::InvalidConfigurationRequestException(
            "Unkai's load balancers do not authenticate clients by certificate yet.");
    if (!alpn.empty())
        return errors::InvalidConfigurationRequestException(
            "ALPN policies are for TLS listeners of network load balancers only");
    return ok();
}

std::set<std::string> as_set(const std::vector<std::string>& list) {
    return {list.begin(), list.end()};
}

Result<std::string> only_certificate(const List<Certificate>& certificates) {
    if (certificates.size() > 1)
        return errors::TooManyCertificatesException(
            "Only one default certificate can be specified");
    return certificates.empty() ? std::string{} : certificates[0].certificate_arn.value_or("");
}

}  // namespace

std::vector<ListenerRecord> listeners_of(aws::Call& call, const std::string& balancer) {
    auto out = all(call, schema::listeners);
    std::erase_if(out, [&](const ListenerRecord& one) { return one.balancer != balancer; });
    return out;
}

Result<ListenerRecord> find_listener(aws::Call& call, const std::string& arn) {
    auto record = schema::listeners.get(call.txn(), {call.account, call.region, arn});
    if (!record) return errors::ListenerNotFoundException("Listener '" + arn + "' not found");
    return std::move(*record);
}

Result<CreateListenerOutput> Elbv2::CreateListener(aws::Call& call, const CreateListenerInput& in) {
    TRY(const BalancerRecord balancer, find_balancer(call, in.load_balancer_arn));
    REQUIRE(refuse_unsupported(in.mutual_authentication, in.alpn_policy));
    if (listeners_of(call, balancer.arn).size() >= limits::listeners)
        return errors::TooManyListenersException(
            "The maximum number of listeners has been reached");
    ListenerRecord record{.balancer = balancer.arn};
    record.arn = call.arn("elasticloadbalancing",
                          "listener/" + path_of(balancer.arn) + "/" + call.env.random.hex(16));
    if (!in.protocol) return invalid("A listener protocol must be specified");
    if (!in.port) return invalid("A listener port must be specified");
    record.protocol = *in.protocol;
    record.port = *in.port;
    record.ssl_policy = in.ssl_policy.value_or("");
    TRY(const std::string certificate, only_certificate(in.certificates));
    if (!certificate.empty()) record.certificates = {certificate};
    REQUIRE(check(call, certificates_, record));
    TRY(record.action, read_action(call, in.default_actions, balancer.arn));
    TRY(record.tags, read_tags(in.tags));
    put(call, schema::listeners, record);
    REQUIRE(check_room_of(call, balancer.arn));
    call.after_commit(
        [this, record] { certificates_.set_uses(record.arn, as_set(record.certificates)); });
    return CreateListenerOutput{.listeners = {show_listener(record)}};
}

Result<DeleteListenerOutput> Elbv2::DeleteListener(aws::Call& call, const DeleteListenerInput& in) {
    TRY(const ListenerRecord record, find_listener(call, in.listener_arn));
    for (const RuleRecord& rule : rules_of(call, record.arn)) erase(call, schema::rules, rule.arn);
    erase(call, schema::listeners, record.arn);
    call.after_commit([this, arn = record.arn] { certificates_.set_uses(arn, {}); });
    return DeleteListenerOutput{};
}

Result<DescribeListenersOutput> Elbv2::DescribeListeners(aws::Call& call,
                                                         const DescribeListenersInput& in) {
    if (!in.load_balancer_arn && in.listener_arns.empty())
        return invalid("You must specify either listener ARNs or a load balancer ARN");
    std::vector<ListenerRecord> records;
    if (in.load_balancer_arn) {
        REQUIRE(find_balancer(call, *in.load_balancer_arn));
        records = listeners_of(call, *in.load_balancer_arn);
    }
    for (const std::string& arn : in.listener_arns) {
        TRY(ListenerRecord record, find_listener(call, arn));
        records.push_back(std::move(record));
    }
    std::sort(records.begin(), records.end(),
              [](const ListenerRecord& a, const ListenerRecord& b) { return a.arn < b.arn; });
    TRY(const auto page, aws::page(
                             records, [](const ListenerRecord& one) { return one.arn; }, in.marker,
                             static_cast<size_t>(in.page_size.value_or(limits::page))));
    DescribeListenersOutput out;
    out.listeners.present = true;
    for (const ListenerRecord* record : page.items) out.listeners.push_back(show_listener(*record));
    out.next_marker = page.next;
    return out;
}

Result<ModifyListenerOutput> Elbv2::ModifyListener(aws::Call& call, const ModifyListenerInput& in) {
    TRY(ListenerRecord record, find_listener(call, in.listener_arn));
    REQUIRE(refuse_unsupported(in.mutual_authentication, in.alpn_policy));
    if (in.port) record.port = *in.port;
    if (in.protocol) record.protocol = *in.protocol;
    if (in.ssl_policy) record.ssl_policy = *in.ssl_policy;
    TRY(const std::string certificate, only_certificate(in.certificates));
    if (!certificate.empty()) {
        std::erase(record.certificates, certificate);
        if (record.certificates.empty())
            record.certificates.push_back(certificate);
        else
            record.certificates.front() = certificate;
    }
    REQUIRE(check(call, certificates_, record));
    if (!in.default_actions.empty()) {
        TRY(record.action, read_action(call, in.default_actions, record.balancer));
    }
    put(call, schema::listeners, record);
    REQUIRE(check_room_of(call, record.balancer));
    call.after_commit(
        [this, record] { certificates_.set_uses(record.arn, as_set(record.certificates)); });
    return ModifyListenerOutput{.listeners = {show_listener(record)}};
}

Result<AddListenerCertificatesOutput> Elbv2::AddListenerCertificates(
    aws::Call& call, const AddListenerCertificatesInput& in) {
    TRY(ListenerRecord record, find_listener(call, in.listener_arn));
    if (record.protocol != "HTTPS")
        return errors::InvalidConfigurationRequestException(
            "Certificates can only be added to HTTPS listeners");
    for (const Certificate& certificate : in.certificates) {
        const std::string arn = certificate.certificate_arn.value_or("");
        if (auto known = certificates_.find(arn); !known)
            return errors::CertificateNotFoundException("Certificate '" + arn + "' not found");
        if (std::find(record.certificates.begin(), record.certificates.end(), arn) ==
            record.certificates.end())
            record.certificates.push_back(arn);
    }
    if (record.certificates.size() > limits::certificates + 1)
        return errors::TooManyCertificatesException(
            "The maximum number of certificates has been reached");
    put(call, schema::listeners, record);
    call.after_commit(
        [this, record] { certificates_.set_uses(record.arn, as_set(record.certificates)); });
    AddListenerCertificatesOutput out;
    for (const Certificate& certificate : in.certificates)
        out.certificates.push_back(
            {.certificate_arn = certificate.certificate_arn,
             .is_default = certificate.certificate_arn == record.certificates.front()});
    return out;
}

Result<RemoveListenerCertificatesOutput> Elbv2::RemoveListenerCertificates(
    aws::Call& call, const RemoveListenerCertificatesInput& in) {
    TRY(ListenerRecord record, find_listener(call, in.listener_arn));
    for (const Certificate& certificate : in.certificates) {
        const std::string arn = certificate.certificate_arn.value_or("");
        if (!record.certificates.empty() && arn == record.certificates.front())
            return errors::OperationNotPermittedException(
                "The default certificate cannot be removed; use ModifyListener to replace it");
        if (std::erase(record.certificates, arn) == 0)
            return errors::CertificateNotFoundException("Certificate '" + arn + "' not found");
    }
    put(call, schema::listeners, record);
    call.after_commit(
        [this, record] { certificates_.set_uses(record.arn, as_set(record.certificates)); });
    return RemoveListenerCertificatesOutput{};
}

Result<DescribeListenerCertificatesOutput> Elbv2::DescribeListenerCertificates(
    aws::Call& call, const DescribeListenerCertificatesInput& in) {
    TRY(const ListenerRecord record, find_listener(call, in.listener_arn));
    DescribeListenerCertificatesOutput out;
    out.certificates.present = true;
    for (const std::string& arn : record.certificates)
        out.certificates.push_back(
            {.certificate_arn = arn, .is_default = arn == record.certificates.front()});
    return out;
}

}  // namespace unkai::services::elbv2
