# All commands, all rules for keys and all answers of a healthy group.
# The tree is empty before and after, so this can be run again and again.
# Some lines end with a space or two on purpose.

# An empty tree
list /
get /a
set /a 1
remove /a
list /a
create /a/b 1

# Create
create /a 1
create /a 2
get /a
create /a/b 2
create /a/b 3
get /a/b
create /a/x/y 1
create /x/y 1
create /b/a 1
create /a/b/c 3
list /
list /a
list /a/b
list /a/b/c

# Get and set: every node has a value, whether it has children or not
set /a one
get /a
get /a/b/c
set /a/b/c three
get /a/b/c
get /a/b
get /a/b/c/d
set /a/b/c/d 1
get /a/b/c/d
list /a/b/c/d

# Remove
remove /a
remove /a/b
remove /a/c
remove /a/b/c/d
remove /a/b/c
remove /a/b/c
get /a/b/c
remove /a/b
remove /a
get /a
list /a
list /
create /a again
get /a
list /a
remove /a

# List: names of children, not of grandchildren, in the order of their bytes
create /l 1
create /l/k2 1
create /l/k10 1
create /l/k1 1
create /l/B 1
create /l/a 1
create /l/_ 1
create /l/0 1
create /l/Z 1
create /l/k1/deep 1
list /l
list /l/k1
list /l/k
list /l/k10
remove /l/k1
remove /l/k1/deep
remove /l/k2
remove /l/k10
remove /l/k1
remove /l/B
remove /l/a
remove /l/_
remove /l/0
remove /l/Z
remove /l

# List: a path inside another path is something else
create /a 1
create /x 1
create /x/a 1
create /x/a/b 1
create /aa 1
list /a
list /x/a
list /
remove /a
remove /aa
remove /x/a/b
remove /x/a
remove /x

# Keys: slashes in a row count as one
create //c 1
create /c 1
create ////c 1
get /c
get ///c
create /c///d 2
get //c/d
set ///c//d 3
get /c/d
list //c
list /
remove ////c
remove /c//d
remove //c

# Keys: letters, digits, underscores and nothing else
create /AZaz09_ 1
get /AZaz09_
get /azaz09_
remove /AZaz09_
create /_ 1
create /_/0 1
remove /_/0
remove /_
create /long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_0123 1
list /
remove /long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_long_key_0123
create /a.b 1
create /. 1
create /.. 1
create /a-b 1
create /a:b 1
create /a* 1
create /a@ 1
create /a[ 1
create /a` 1
create /a{ 1
create /a\b 1
create /a	b 1
create /clé 1
create /日本 1

# Keys: they begin with a slash and do not end with one
create a 1
create a/b 1
create . 1
create - 1
create é 1
create / 1
create // 1
create /// 1
create /a/ 1
create /a// 1
create //a/ 1

# Keys: the same for all commands, but the root can be listed
get a
get /
get //
get /a/
get /a.b
get /a-b
get /é
set a 1
set / 1
set // 1
set /a/ 1
set /a.b 1
set /a-b 1
set /é 1
remove a
remove /
remove //
remove /a/
remove /a.b
remove /a-b
remove /é
list a
list //
list ///
list /a/
list /a.b
list /a-b
list /é
list /

# Values: whatever is between two spaces, or nothing
create /v 
get /v
set /v x
get /v
set /v 
get /v
set /v /v
get /v
set /v #
get /v
set /v a=b,c:d;e
get /v
set /v 'single'
get /v
set /v "double"
get /v
set /v \n
get /v
set /v a	b
get /v
set /v é日本
get /v
set /v -1
get /v
set /v get
get /v
remove /v

# The number of words: a space too many makes an empty word more
create
create /w
create /w 1 
create /w  1
create  /w 1
create /w 1 2
create /w 1 2 3 4 5
create /w two words
create  
create  /w
set
set /w
set /w 1 
set /w  1
set  /w 1
set /w 1 2
set /w 1 2 3 4 5
set /w two words
set  
set  /w
remove
remove /w 
remove  /w
remove /w 1
remove /w 1 2 3 4 5
remove  
remove 
get
get /w 
get  /w
get /w 1
get /w 1 2 3 4 5
get  
get 
list
list /w 
list  /w
list /w 1
list /w 1 2 3 4 5
list  
list 
list / 
list /  
get /w

# Echo: a space after each word, and the fifth word of a line is all the rest
echo
echo 
echo a
echo a b
echo a  b
echo 1 2 3 4
echo 1 2 3 4 5 6  7
echo 1 2 3 4 5 
echo # é $HOME 'q'

# Help
help
help remove

# Lines that say nothing

#
# 
# create /no 1
# one two three four five six  seven 
 
  
 create /no 1
  list /
get /no

# Lines that nobody understands
#comment
#get /a
##
CREATE /a 1
Get
ls /
delete /a
exits
quit
	list /
list	/
get/a
é
'help'

# The end: the tree is empty again, and nothing is run after exit
list /
exit now
echo this is not run
