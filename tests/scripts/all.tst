# Everything from an empty tree to an empty tree.
create relative 1
create /all 1
create /all 2
create /none/a 1
create /all/a a
create /all/b b
create /all/c c
create /all/d d
create /all/e e
create /all/f f
create /all/g g
create /all/h h
create /all/i i
create /all/j j
create /all/k k
create /all/l l
create /all/m m
create /all/n n
create /all/o o
create /all/p p
create /all/q q
create /all/r r
create /all/s s
create /all/t t
create /all/u u
create /all/v v
create /all/w w
create /all/x x
create /all/y y
create /all/z z
list /all
set /all/a aa
set /all/b bb
set /all/c cc
set /all/d dd
set /all/e ee
set /all/f ff
set /all/g gg
set /all/h hh
set /all/i ii
set /all/j jj
set /all/k kk
set /all/l ll
set /all/m mm
set /all/n nn
set /all/o oo
set /all/p pp
set /all/q qq
set /all/r rr
set /all/s ss
set /all/t tt
set /all/u uu
set /all/v vv
set /all/w ww
set /all/x xx
set /all/y yy
set /all/z zz
get /all/a
get /all/b
get /all/c
get /all/d
get /all/e
get /all/f
get /all/g
get /all/h
get /all/i
get /all/j
get /all/k
get /all/l
get /all/m
get /all/n
get /all/o
get /all/p
get /all/q
get /all/r
get /all/s
get /all/t
get /all/u
get /all/v
get /all/w
get /all/x
get /all/y
get /all/z
remove /all
remove /all/z
remove /all/y
remove /all/x
remove /all/w
remove /all/v
remove /all/u
remove /all/t
remove /all/s
remove /all/r
remove /all/q
remove /all/p
remove /all/o
remove /all/n
remove /all/m
remove /all/l
remove /all/k
remove /all/j
remove /all/i
remove /all/h
remove /all/g
remove /all/f
remove /all/e
remove /all/d
remove /all/c
remove /all/b
remove /all/a
remove /all
get /all
list /
