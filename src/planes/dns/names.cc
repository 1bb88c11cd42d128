#include "planes/dns/names.h"

#include "base/strings.h"

namespace unkai::planes::dns {

static std::string normal(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return to_lower(name);
}

void NameSource::set(std::string_view name, NameTarget target) {
    const auto [place, added] = entries_.try_emplace(normal(name));
    if (!added && place->second == target) return;
    place->second = std::move(target);
    touch();
}

void NameSource::erase(std::string_view name) {
    if (entries_.erase(normal(name)) > 0) touch();
}

void NameSource::clear() {
    if (entries_.empty()) return;
    entries_.clear();
    touch();
}

const NameTarget* NameSource::find(std::string_view name) const {
    const auto place = entries_.find(normal(name));
    return place == entries_.end() ? nullptr : &place->second;
}

void NameSource::touch() {
    ++version_;
    if (event_ != nullptr) event_->notify_all();
}

}  // namespace unkai::planes::dns
