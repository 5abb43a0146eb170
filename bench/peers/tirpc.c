/* The peer libtirpc: code that rpcgen makes of shapes.x. */

#include "shapes.h"
#include "values.h"

static struct small make_small(uint64_t id)
{
    struct small small;
    small.id = id;
    small.name = calloc(NAME_LENGTH + 1, 1);
    fill_text(small.name, NAME_LENGTH);
    small.data.data_len = DATA_LENGTH;
    small.data.data_val = malloc(DATA_LENGTH);
    fill_data(small.data.data_val, DATA_LENGTH);
    return small;
}

static struct smalls make_smalls(void)
{
    struct smalls smalls;
    smalls.all.all_len = SMALLS;
    smalls.all.all_val = calloc(SMALLS, sizeof(struct small));
    for (int at = 0; at < SMALLS; ++at)
        smalls.all.all_val[at] = make_small((uint64_t)at);
    return smalls;
}

static struct blob make_blob(void)
{
    struct blob blob;
    blob.data.data_len = BLOB;
    blob.data.data_val = malloc(BLOB);
    fill_data(blob.data.data_val, BLOB);
    return blob;
}

static struct numbers make_numbers(void)
{
    struct numbers numbers;
    numbers.all.all_len = NUMBERS;
    numbers.all.all_val = calloc(NUMBERS, sizeof(int));
    for (uint32_t at = 0; at < NUMBERS; ++at)
        numbers.all.all_val[at] = number_at(at);
    return numbers;
}

static struct list make_list(void)
{
    struct list list = {NULL};
    for (uint32_t at = NODES; at-- > 0;) {
        struct node *node = malloc(sizeof *node);
        node->value = number_at(at);
        node->next = list.head;
        list.head = node;
    }
    return list;
}

static struct item make_item(uint32_t index)
{
    struct item item;
    item.what = (kind)(index % 4);
    switch (item.what) {
    case NUMBER:
        item.item_u.number = number_at(index);
        break;
    case BIG:
        item.item_u.big = (int64_t)number_at(index) * (1 << 20);
        break;
    case TEXT:
        item.item_u.text = calloc(index % 30 + 1, 1);
        fill_text(item.item_u.text, index % 30);
        break;
    case NOTHING:
        break;
    }
    return item;
}

static struct items make_items(void)
{
    struct items items;
    items.all.all_len = ITEMS;
    items.all.all_val = calloc(ITEMS, sizeof(struct item));
    for (uint32_t at = 0; at < ITEMS; ++at)
        items.all.all_val[at] = make_item(at);
    return items;
}

/* A shape, its code, and its value. */
struct shape {
    const char *name;
    xdrproc_t code;
    void *value;
    size_t size;
};

static char *buffer;

static size_t encode(const struct shape *shape)
{
    XDR xdr;
    xdrmem_create(&xdr, buffer, BUFFER, XDR_ENCODE);
    forget(shape->value);
    if (!shape->code(&xdr, shape->value))
        abort();
    forget(buffer);
    return xdr_getpos(&xdr);
}

static void decode(const struct shape *shape, size_t length)
{
    union {
        struct small small;
        struct smalls smalls;
        struct blob blob;
        struct numbers numbers;
        struct list list;
        struct items items;
    } value;
    XDR xdr;
    memset(&value, 0, shape->size);
    xdrmem_create(&xdr, buffer, (u_int)length, XDR_DECODE);
    forget(buffer);
    if (!shape->code(&xdr, &value))
        abort();
    forget(&value);
    xdr_free(shape->code, &value);
}

int main(void)
{
    buffer = malloc(BUFFER);

    struct small small = make_small(0);
    struct smalls smalls = make_smalls();
    struct blob blob = make_blob();
    struct numbers numbers = make_numbers();
    struct list list = make_list();
    struct items items = make_items();
    const struct shape shapes[] = {
        {"small", (xdrproc_t)xdr_small, &small, sizeof small},
        {"smalls", (xdrproc_t)xdr_smalls, &smalls, sizeof smalls},
        {"blob", (xdrproc_t)xdr_blob, &blob, sizeof blob},
        {"numbers", (xdrproc_t)xdr_numbers, &numbers, sizeof numbers},
        {"list", (xdrproc_t)xdr_list, &list, sizeof list},
        {"items", (xdrproc_t)xdr_items, &items, sizeof items},
    };

    char line[64], operation[16], name[16];
    while (fgets(line, sizeof line, stdin)) {
        unsigned long long times = 0;
        sscanf(line, "%15s %15s %llu", operation, name, &times);
        const struct shape *shape = shapes;
        while (strcmp(shape->name, name) != 0)
            ++shape;
        size_t length = encode(shape);
        if (strcmp(operation, "fingerprint") == 0) {
            print_fingerprint(buffer, length);
        } else {
            uint64_t start = processor_time();
            if (strcmp(operation, "encode") == 0)
                while (times-- > 0)
                    encode(shape);
            else
                while (times-- > 0)
                    decode(shape, length);
            printf("%llu\n", (unsigned long long)(processor_time() - start));
        }
        fflush(stdout);
    }
    return 0;
}
