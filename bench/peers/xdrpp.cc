/* The peer XDRPP: code that xdrc makes of shapes.x. */

#include "shapes.hh"
#include "values.h"
#include <functional>
#include <map>
#include <xdrpp/marshal.h>

static std::string text(std::size_t length)
{
    std::string text(length, '\0');
    fill_text(text.data(), length);
    return text;
}

static small make_small(uint64_t id)
{
    small small;
    small.id = id;
    small.name = text(NAME_LENGTH);
    small.data.resize(DATA_LENGTH);
    fill_data(small.data.data(), DATA_LENGTH);
    return small;
}

static smalls make_smalls()
{
    smalls smalls;
    for (uint64_t at = 0; at < SMALLS; ++at)
        smalls.all.push_back(make_small(at));
    return smalls;
}

static blob make_blob()
{
    blob blob;
    blob.data.resize(BLOB);
    fill_data(blob.data.data(), BLOB);
    return blob;
}

static numbers make_numbers()
{
    numbers numbers;
    for (uint32_t at = 0; at < NUMBERS; ++at)
        numbers.all.push_back(number_at(at));
    return numbers;
}

static list make_list()
{
    list list;
    for (uint32_t at = NODES; at-- > 0;) {
        xdr::pointer<node> head(new node);
        head->value = number_at(at);
        head->next = std::move(list.head);
        list.head = std::move(head);
    }
    return list;
}

static item make_item(uint32_t index)
{
    item item(static_cast<kind>(index % 4));
    switch (item.what()) {
    case NUMBER:
        item.number() = number_at(index);
        break;
    case BIG:
        item.big() = static_cast<int64_t>(number_at(index)) * (1 << 20);
        break;
    case TEXT:
        item.text() = text(index % 30);
        break;
    case NOTHING:
        break;
    }
    return item;
}

static items make_items()
{
    items items;
    for (uint32_t at = 0; at < ITEMS; ++at)
        items.all.push_back(make_item(at));
    return items;
}

static uint32_t *buffer;

/* What can be done with a shape. */
struct actions {
    std::function<std::size_t(unsigned long long)> encode;
    std::function<void(unsigned long long, std::size_t)> decode;
};

template <typename T> static actions actions_of(T value)
{
    return {
        [value = std::move(value)](unsigned long long times) {
            std::size_t size = 0;
            while (times-- > 0) {
                forget(&value);
                size = xdr::xdr_size(value);
                xdr::xdr_put put(buffer, buffer + size / 4);
                xdr::archive(put, value);
                forget(buffer);
            }
            return size;
        },
        [](unsigned long long times, std::size_t size) {
            while (times-- > 0) {
                forget(buffer);
                T decoded;
                xdr::xdr_get get(buffer, buffer + size / 4);
                xdr::archive(get, decoded);
                get.done();
                forget(&decoded);
            }
        },
    };
}

int main()
{
    buffer = static_cast<uint32_t *>(std::malloc(BUFFER));

    std::map<std::string, actions> shapes;
    shapes["small"] = actions_of(make_small(0));
    shapes["smalls"] = actions_of(make_smalls());
    shapes["blob"] = actions_of(make_blob());
    shapes["numbers"] = actions_of(make_numbers());
    shapes["list"] = actions_of(make_list());
    shapes["items"] = actions_of(make_items());

    char line[64], operation[16], name[16];
    while (std::fgets(line, sizeof line, stdin)) {
        unsigned long long times = 0;
        std::sscanf(line, "%15s %15s %llu", operation, name, &times);
        const actions &shape = shapes.at(name);
        std::size_t size = shape.encode(1);
        if (std::strcmp(operation, "fingerprint") == 0) {
            print_fingerprint(buffer, size);
        } else {
            uint64_t start = processor_time();
            if (std::strcmp(operation, "encode") == 0)
                shape.encode(times);
            else
                shape.decode(times, size);
            std::printf("%llu\n", static_cast<unsigned long long>(processor_time() - start));
        }
        std::fflush(stdout);
    }
    return 0;
}
