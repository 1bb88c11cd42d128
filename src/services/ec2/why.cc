#include "services/ec2/why.h"

#include "base/strings.h"
#include "services/ec2/errors.h"
#include "services/ec2/rules.h"
#include "services/ec2/schema.h"

namespace unkai::services::ec2 {

namespace plane = planes::network;

namespace {

struct Target {
    std::string name;
    int protocol = 6;
    int port = 0;
};

Result<Target> parse_target(const std::string& text) {
    const auto [rest, protocol] = split_once(text, '/');
    Target out;
    if (protocol == "icmp") return Target{std::string(rest), 1, 8};
    if (protocol == "udp")
        out.protocol = 17;
    else if (!protocol.empty() && protocol != "tcp")
        return invalid_value("The protocol is tcp, udp or icmp, not " + std::string(protocol) +
                             ".");
    const auto colon = rest.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_uint(rest.substr(colon + 1));
    if (!port || *port > 65535)
        return invalid_value("Say to which port: unkai why SOURCE " + std::string(rest) + ":443");
    out.name = rest.substr(0, colon);
    out.port = static_cast<int>(*port);
    return out;
}

// "shop-1234567890.us-east-1.elb.amazonaws.com" → "shop"
std::string owner_word(std::string_view name) {
    const std::string_view label = split_once(name, '.').first;
    if (label.size() == name.size()) return std::string(name);
    const auto dash = label.rfind('-');
    if (dash != std::string_view::npos && parse_uint(label.substr(dash + 1)))
        return std::string(label.substr(0, dash));
    return std::string(label);
}

bool is_called(const NetworkInterface& interface, const std::string& name) {
    if (interface.id == name) return true;
    for (const std::string& address : interface.addresses)
        if (address == name) return true;
    const std::string word = owner_word(name);
    if (word.empty()) return false;
    for (const auto& [key, value] : interface.tags)
        if (value.contains(word)) return true;
    return interface.description.contains(word);
}

class Names {
public:
    Names(store::Txn& txn, const WhyQuestion& question) : region_(question.region) {
        for (auto& [key, one] : schema::interfaces.list(txn, question.account, question.region))
            if (!one.requester.empty()) interfaces_.push_back(std::move(one));
        for (auto& [key, one] : schema::addresses.list(txn, question.account, question.region))
            if (!one.association.empty()) addresses_.push_back(std::move(one));
    }

    // The one so called; of several (the tasks of a service) the first. Prefers the VPC given.
    Result<const NetworkInterface*> find(const std::string& name,
                                         const std::string& vpc = "") const {
        const NetworkInterface* found = nullptr;
        const std::string holder = holder_of(name);
        for (const NetworkInterface& one : interfaces_) {
            if (!is_called(one, name) && one.id != holder) continue;
            if (found == nullptr || (found->vpc != vpc && one.vpc == vpc)) found = &one;
        }
        if (found != nullptr) return found;
        std::string known;
        for (size_t i = 0; i < interfaces_.size() && i < 12; ++i)
            known += "\n  " + shown(interfaces_[i]);
        return fail(
            "NotFound",
            "Nothing in " + region_ + " is called '" + name + "'. " +
                (known.empty() ? "No network interface is in use there." : "There are:" + known),
            404);
    }

    std::string holder_of(const std::string& public_ip) const {
        for (const Address& address : addresses_)
            if (address.public_ip == public_ip) return address.interface;
        return "";
    }
    std::string public_address_of(const NetworkInterface& interface) const {
        for (const Address& address : addresses_)
            if (address.interface == interface.id) return address.public_ip;
        return "";
    }
    static std::string shown(const NetworkInterface& interface) {
        return interface.id + " (" + interface.addresses.front() +
               (interface.description.empty() ? "" : ", " + interface.description) + ")";
    }

private:
    std::string region_;
    std::vector<NetworkInterface> interfaces_;
    std::vector<Address> addresses_;
};

// Where a packet for this name goes to: to the private address from inside its VPC, else to the
// public one.
Result<Ipv4> address_of(const Names& names, const Target& target, const NetworkInterface* source) {
    if (const auto literal = Ipv4::parse(target.name)) return *literal;
    TRY(const NetworkInterface* found,
        names.find(target.name, source == nullptr ? "" : source->vpc));
    if (source != nullptr && source->vpc == found->vpc)
        return *Ipv4::parse(found->addresses.front());
    const std::string public_ip = names.public_address_of(*found);
    if (public_ip.empty())
        return bad("NotFound", Names::shown(*found) +
                                   " has no public address, and the source is not "
                                   "in its VPC " +
                                   found->vpc + ": there is no way to it.");
    return *Ipv4::parse(public_ip);
}

}  // namespace

Result<WhyAnswer> why(store::Txn& txn, const plane::Network& network, const WhyQuestion& question) {
    TRY(const Target target, parse_target(question.destination));
    const Names names(txn, question);
    const NetworkInterface* source = nullptr;
    if (question.source != "internet" && question.source != "host") {
        TRY(source, names.find(question.source));
    }
    TRY(const Ipv4 destination, address_of(names, target, source));
    WhyAnswer out;
    out.source = source == nullptr ? "the internet" : Names::shown(*source);
    out.destination = destination.text();
    if (target.protocol == 1)
        out.destination += " (ping)";
    else
        out.destination +=
            ":" + std::to_string(target.port) + (target.protocol == 17 ? "/udp" : "");
    out.explanation = network.explain(
        {source == nullptr ? "" : source->id, destination, target.protocol, target.port});
    return out;
}

}  // namespace unkai::services::ec2
