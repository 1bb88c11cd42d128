#include "wire/http2.h"

#include <nghttp2/nghttp2.h>

#include <cstring>

#include "base/strings.h"

namespace unkai::wire {

namespace {

constexpr size_t most_output = 64 * 1024;
constexpr uint32_t field_overhead = 32;  // RFC 9113, 6.5.2.

std::string_view view(const uint8_t* bytes, size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv pair(std::string_view name, std::string_view value) {
    return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
            NGHTTP2_NV_FLAG_NONE};
}

// HTTP/2 forbids these (RFC 9113, 8.2.2).
bool is_connection_field(std::string_view name) {
    for (const std::string_view one :
         {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host"})
        if (name == one) return true;
    return false;
}

// Field names are lower case on the wire; `names` keeps those that had to be changed.
void append_fields(std::vector<nghttp2_nv>& out, Headers& names, const Headers& headers) {
    for (const Headers::Field& field : headers) {
        if (!is_token(field.name) || !is_field_value(field.value)) continue;
        const std::string_view name = names.keep(to_lower(field.name));
        if (!is_connection_field(name)) out.push_back(pair(name, field.value));
    }
}

}  // namespace

struct Http2Session::Stream {
    RequestHead request;
    ResponseHead response;
    Headers trailers;
    uint32_t head_bytes = 0;
    std::string_view scheme;
    bool in_trailers = false, informational = false;
    std::string_view piece;  // On its way out.
    bool ending = false, deferred = false, sending = false;
    Headers trailers_out;
};

bool Http2Session::Budget::spend(double seconds) {
    left = std::min(most, left + (seconds - at) * per_second);
    at = seconds;
    left -= 1;
    return left >= 0;
}

// What nghttp2 calls. `self` is the session.
struct Http2Session::Callbacks {
    static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        if (frame->hd.type != NGHTTP2_HEADERS) return 0;
        Stream& stream = session.open(frame->hd.stream_id);
        stream.in_trailers = frame->headers.cat == NGHTTP2_HCAT_HEADERS && !stream.informational;
        if (!stream.in_trailers) {
            stream.request.clear();
            stream.response.clear();
            stream.request.version = stream.response.version = 20;
        }
        stream.head_bytes = 0;
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        Stream* const stream = session.find(frame->hd.stream_id);
        if (stream == nullptr) return 0;
        return session.add_field(*stream, view(name, name_size), view(value, value_size))
                   ? 0
                   : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    static int frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        switch (frame->hd.type) {
            case NGHTTP2_HEADERS:
                session.head_complete(frame->hd.stream_id, last);
                break;
            case NGHTTP2_DATA:
                if (last && session.find(frame->hd.stream_id) != nullptr)
                    session.events_.on_end(frame->hd.stream_id);
                break;
            default:
                break;
        }
        return 0;
    }

    // Every frame's header: what costs the peer nothing and us something has a budget.
    static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* frame, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        const bool empty_data = frame->type == NGHTTP2_DATA && frame->length == 0 &&
                                (frame->flags & NGHTTP2_FLAG_END_STREAM) == 0;
        bool in_budget = true;
        if (frame->type == NGHTTP2_RST_STREAM)
            in_budget = session.resets_.spend(session.seconds_);
        else if (frame->type == NGHTTP2_SETTINGS || frame->type == NGHTTP2_PING ||
                 frame->type == NGHTTP2_PRIORITY || empty_data)
            in_budget = session.control_.spend(session.seconds_);
        if (in_budget) return 0;
        session.broken_ = true;
        ::nghttp2_session_terminate_session(session.session_, NGHTTP2_ENHANCE_YOUR_CALM);
        return 0;
    }

    static int data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                    void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        if (session.find(stream) != nullptr)
            session.events_.on_data(stream, view(bytes, size));
        else
            ::nghttp2_session_consume_connection(session.session_, size);
        return 0;
    }

    static int close(nghttp2_session*, int32_t stream, uint32_t error, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        if (session.streams_.erase(stream) > 0) session.events_.on_close(stream, error);
        return 0;
    }

    static ssize_t pull(nghttp2_session*, int32_t id, uint8_t* out, size_t most, uint32_t* flags,
                        nghttp2_data_source*, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        Stream* const stream = session.find(id);
        if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        if (stream->piece.empty() && !stream->ending) {
            stream->deferred = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        const size_t size = std::min(most, stream->piece.size());
        std::memcpy(out, stream->piece.data(), size);
        stream->piece.remove_prefix(size);
        if (!stream->piece.empty()) return static_cast<ssize_t>(size);
        if (size > 0) session.events_.on_sent(id);
        if (!stream->ending) return static_cast<ssize_t>(size);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!stream->trailers_out.empty()) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            std::vector<nghttp2_nv> fields;
            Headers names;
            append_fields(fields, names, stream->trailers_out);
            ::nghttp2_submit_trailer(session.session_, id, fields.data(), fields.size());
        }
        return static_cast<ssize_t>(size);
    }
};

Http2Session::Http2Session(Side side, const Http2Limits& limits, Events& events)
    : side_(side),
      limits_(limits),
      events_(events),
      resets_{double(limits.resets), double(limits.resets), double(limits.resets_per_second)},
      control_{double(limits.control_frames), double(limits.control_frames),
               double(limits.control_frames_per_second)} {
    nghttp2_session_callbacks* callbacks = nullptr;
    ::nghttp2_session_callbacks_new(&callbacks);
    ::nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Callbacks::begin_headers);
    ::nghttp2_session_callbacks_set_on_header_callback(callbacks, &Callbacks::header);
    ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::frame);
    ::nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, &Callbacks::begin_frame);
    ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::data);
    ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::close);
    nghttp2_option* option = nullptr;
    ::nghttp2_option_new(&option);
    ::nghttp2_option_set_no_auto_window_update(option, 1);
    ::nghttp2_option_set_no_closed_streams(option, 1);
    if (side == Side::server)
        ::nghttp2_session_server_new2(&session_, callbacks, this, option);
    else
        ::nghttp2_session_client_new2(&session_, callbacks, this, option);
    ::nghttp2_option_del(option);
    ::nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };
    // A server does not announce ENABLE_PUSH.
    ::nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, side == Side::server ? 3 : 4);
    ::nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                            static_cast<int32_t>(limits.connection_window));
}

Http2Session::~Http2Session() { ::nghttp2_session_del(session_); }

Http2Session::Stream* Http2Session::find(int32_t stream) {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : found->second.get();
}

Http2Session::Stream& Http2Session::open(int32_t stream) {
    auto& place = streams_[stream];
    if (!place) place = std::make_unique<Stream>();
    return *place;
}

bool Http2Session::add_field(Stream& stream, std::string_view name, std::string_view value) {
    stream.head_bytes += static_cast<uint32_t>(name.size() + value.size()) + field_overhead;
    Headers& headers = stream.in_trailers      ? stream.trailers
                       : side_ == Side::server ? stream.request.headers
                                               : stream.response.headers;
    if (stream.head_bytes > limits_.head || headers.size() >= limits_.fields) return false;
    if (stream.in_trailers || !name.starts_with(':')) {
        headers.add(name, value);
        return true;
    }
    RequestHead& request = stream.request;
    if (name == ":method")
        request.method = headers.keep(value);
    else if (name == ":path")
        request.set_target(headers.keep(value));
    else if (name == ":authority")
        request.authority = headers.keep(value);
    else if (name == ":scheme")
        stream.scheme = headers.keep(value);
    else if (name == ":status")
        stream.response.status = static_cast<int>(parse_uint(value).value_or(0));
    return true;
}

namespace {

// Puts right what HTTP/2 spells otherwise. False: malformed where nghttp2 does not look.
bool settle(RequestHead& head) {
    Headers& headers = head.headers;
    const auto host = headers.get("host");
    if (!head.authority.empty() && host && !equals_ignoring_case(*host, head.authority))
        return false;
    if (headers.count("host") > 1 || headers.count("content-length") > 1) return false;
    if (head.authority.empty() && host) head.authority = *host;
    if (!is_authority(head.authority) || head.target.find('#') != std::string_view::npos)
        return false;
    if (head.target.empty() || (head.target.front() != '/' && head.target != "*")) return false;
    if (!host) headers.add("host", head.authority);
    if (headers.count("cookie") > 1) {
        std::string all;
        for (const Headers::Field& field : headers)
            if (field.name == "cookie") all.append(all.empty() ? "" : "; ").append(field.value);
        headers.set("cookie", all);
    }
    head.expects_continue = equals_ignoring_case(headers.value("expect"), "100-continue");
    return true;
}

Framing framing_of(const Headers& headers, bool ended) {
    if (ended) return {};
    const auto length = headers.get("content-length");
    const auto bytes = length ? parse_uint(*length) : std::nullopt;
    // "chunked" stands for a body of unknown length.
    if (!bytes || *bytes == 0) return {Framing::Kind::chunked, 0};
    return {Framing::Kind::length, *bytes};
}

}  // namespace

void Http2Session::head_complete(int32_t id, bool ended) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    if (stream->in_trailers) {
        events_.on_trailers(id, stream->trailers);
        if (ended) events_.on_end(id);
        return;
    }
    if (side_ == Side::server) {
        if (!settle(stream->request)) {
            reset(id, NGHTTP2_PROTOCOL_ERROR);
            streams_.erase(id);
            return;
        }
        stream->request.framing = framing_of(stream->request.headers, ended);
        events_.on_request(id, stream->request, ended);
        return;
    }
    stream->informational = stream->response.status < 200;
    if (stream->informational) return;
    stream->response.framing = framing_of(stream->response.headers, ended);
    events_.on_response(id, stream->response, ended);
}

bool Http2Session::receive(std::string_view bytes, double seconds) {
    if (seconds_ == 0) resets_.at = control_.at = seconds;
    seconds_ = seconds;
    const ssize_t used = ::nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
        broken_ = true;
        if (used == NGHTTP2_ERR_FLOODED)
            ::nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return !broken_ && ::nghttp2_session_want_read(session_) != 0;
}

std::string_view Http2Session::output() {
    output_.clear();
    while (output_.size() < most_output) {
        const uint8_t* bytes = nullptr;
        const ssize_t size = ::nghttp2_session_mem_send(session_, &bytes);
        if (size < 0) broken_ = true;
        if (size <= 0) break;
        output_.append(view(bytes, static_cast<size_t>(size)));
    }
    return output_;
}

bool Http2Session::wants_write() const { return ::nghttp2_session_want_write(session_) != 0; }

bool Http2Session::finished() const {
    return broken_ || (::nghttp2_session_want_read(session_) == 0 && !wants_write());
}

void Http2Session::respond(int32_t id, int status, const Headers& headers, bool body) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    const std::string number = std::to_string(status);
    std::vector<nghttp2_nv> fields;
    fields.reserve(headers.size() + 1);
    fields.push_back(pair(":status", number));
    Headers names;
    append_fields(fields, names, headers);
    nghttp2_data_provider provider{};
    provider.read_callback = &Callbacks::pull;
    ::nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                              body ? &provider : nullptr);
}

void Http2Session::inform(int32_t id, int status, const Headers& headers) {
    if (find(id) == nullptr) return;
    const std::string number = std::to_string(status);
    std::vector<nghttp2_nv> fields = {pair(":status", number)};
    Headers names;
    append_fields(fields, names, headers);
    ::nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, fields.data(), fields.size(),
                             nullptr);
}

int32_t Http2Session::request(std::string_view method, std::string_view scheme,
                              std::string_view authority, std::string_view target,
                              const Headers& headers, bool body) {
    std::vector<nghttp2_nv> fields = {pair(":method", method), pair(":scheme", scheme),
                                      pair(":authority", authority), pair(":path", target)};
    Headers names;
    append_fields(fields, names, headers);
    nghttp2_data_provider provider{};
    provider.read_callback = &Callbacks::pull;
    const int32_t id = ::nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                body ? &provider : nullptr, nullptr);
    if (id > 0) open(id);
    return id > 0 ? id : -1;
}

void Http2Session::offer(int32_t id, std::string_view piece) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    stream->piece = piece;
    if (std::exchange(stream->deferred, false)) ::nghttp2_session_resume_data(session_, id);
}

std::string_view Http2Session::withdraw(int32_t id) {
    Stream* const stream = find(id);
    if (stream == nullptr) return {};
    stream->ending = false;
    return std::exchange(stream->piece, {});
}

bool Http2Session::may_request() const {
    const uint32_t most =
        ::nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return !broken_ && streams_.size() < std::min(most, limits_.streams) &&
           ::nghttp2_session_check_request_allowed(session_) != 0;
}

void Http2Session::end(int32_t id, const Headers* trailers) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    stream->ending = true;
    if (trailers != nullptr) stream->trailers_out = *trailers;
    if (std::exchange(stream->deferred, false)) ::nghttp2_session_resume_data(session_, id);
}

void Http2Session::reset(int32_t id, uint32_t error) {
    Stream* const stream = find(id);
    if (stream == nullptr) return;
    stream->piece = {};
    ::nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, error);
}

void Http2Session::consume(int32_t id, size_t bytes) {
    ::nghttp2_session_consume(session_, id, bytes);
}

void Http2Session::go_away() {
    ::nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                            ::nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                            nullptr, 0);
}

}  // namespace unkai::wire
