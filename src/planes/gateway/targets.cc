// Where a host name and a path lead.
#include <array>

#include "base/strings.h"
#include "planes/gateway/match.h"
#include "planes/gateway/serving.h"

namespace unkai::planes::gateway {

namespace {

constexpr std::string_view execute_api = "execute-api";

// "abc123" of abc123.execute-api.us-east-1.amazonaws.com and its *.localhost forms.
std::optional<std::string_view> api_of_host(std::string_view host) {
    const auto [first, rest] = split_once(host, '.');
    if (split_once(rest, '.').first != execute_api) return std::nullopt;
    return first;
}

// The custom domain names that a host may be served by: its own, and the one with a wildcard.
std::array<std::string, 2> domain_names(std::string_view host) {
    const size_t dot = host.find('.');
    return {std::string(host), dot == host.npos ? "" : "*" + std::string(host.substr(dot))};
}

// "/first/rest" → "first", "/rest"
std::pair<std::string_view, std::string> split_first(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const size_t slash = path.find('/');
    if (slash == path.npos) return {path, "/"};
    return {path.substr(0, slash), std::string(path.substr(slash))};
}

const Stage* stage_of(const Api& api, std::string_view name) {
    const auto found = api.stages.find(std::string(name));
    return found == api.stages.end() ? nullptr : &found->second;
}

}  // namespace

const Api* Gateway::find_api(std::string_view id) const {
    for (const auto& [owner, snapshot] : snapshots_)
        if (const auto found = snapshot->apis.find(std::string(id)); found != snapshot->apis.end())
            return &found->second;
    return nullptr;
}

// The custom domain of a host: its own name before one with a wildcard.
Domain Gateway::domain_of(std::string_view host) const {
    for (const std::string& name : domain_names(host)) {
        Domain joined;
        for (const auto& [owner, snapshot] : snapshots_)
            if (const auto found = snapshot->domains.find(name); found != snapshot->domains.end()) {
                if (found->second.declared) joined.name = name;
                joined.mappings.insert(joined.mappings.end(), found->second.mappings.begin(),
                                       found->second.mappings.end());
            }
        if (!joined.name.empty()) return joined;
    }
    return {};
}

bool Gateway::wants(std::string_view host) const {
    if (api_of_host(host)) return true;
    for (const auto& [owner, snapshot] : snapshots_) {
        if (snapshot->domains.empty()) continue;  // Each request of the front door asks.
        for (const std::string& name : domain_names(host))
            if (const auto found = snapshot->domains.find(name);
                found != snapshot->domains.end() && found->second.declared)
                return true;
    }
    return false;
}

// nullopt: the host is nobody's. Without an API: it leads nowhere.
std::optional<Gateway::Target> Gateway::find_target(const Incoming& in) const {
    Target out;
    out.path = in.path.empty() ? "/" : in.path;
    if (const auto id = api_of_host(in.host)) {
        out.api = find_api(*id);
        if (out.api == nullptr) return out;
        out.disabled = !out.api->execute_api;
        const auto [first, rest] = split_first(out.path);
        out.stage = stage_of(*out.api, first);
        if (out.stage != nullptr)
            out.path = rest;
        else if (out.api->kind == Api::Kind::http)
            out.stage = stage_of(*out.api, "$default");
        return out;
    }
    const Domain domain = domain_of(in.host);
    if (domain.name.empty()) return std::nullopt;
    const Mapping* mapping = match_mapping(domain, out.path);
    if (mapping == nullptr) return out;
    out.api = find_api(mapping->api);
    if (out.api == nullptr) return out;
    if (!mapping->key.empty()) {
        out.base_path = "/" + mapping->key;
        out.path = out.path.substr(out.base_path.size());
        if (out.path.empty()) out.path = "/";
    }
    if (!mapping->stage.empty()) {
        out.stage = stage_of(*out.api, mapping->stage);
        return out;
    }
    const auto [first, rest] = split_first(out.path);
    out.stage = stage_of(*out.api, first);
    if (out.stage != nullptr) out.path = rest;
    return out;
}

}  // namespace unkai::planes::gateway
