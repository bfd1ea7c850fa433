# A network for tests, in namespaces of its own: cam (10.20.30.4) and desk (10.20.30.7) behind this
# router, rec (10.20.40.5) and out (9.9.9.9) beyond it. Run by: unshare --net --mount bash -c …
set -e
mount -t tmpfs tmpfs /run
ip link set lo up
near() { # near NAME INTERFACE ADDRESS GATEWAY [MAC]
    ip netns add "$1"
    ip link add "$2" type veth peer name eth0 netns "$1"
    if [[ -n ${5:-} ]]; then ip -n "$1" link set eth0 address "$5"; fi
    ip -n "$1" addr add "$3" dev eth0
    ip -n "$1" link set eth0 up
    ip -n "$1" link set lo up
    ip link set "$2" up
    if [[ -n $4 ]]; then ip -n "$1" route add default via "$4"; fi
}
ip link add lan type bridge
ip addr add 10.20.30.1/24 dev lan
ip link set lan up
near cam c0 10.20.30.4/24 10.20.30.1 44:19:b6:00:00:04
near desk d0 10.20.30.7/24 10.20.30.1 00:11:22:33:44:55
ip link set c0 master lan
ip link set d0 master lan
near rec r0 10.20.40.5/24 10.20.40.1
ip addr add 10.20.40.1/24 dev r0
near out o0 9.9.9.9/24 9.9.9.1
ip addr add 9.9.9.1/24 dev o0
echo 1 >/proc/sys/net/ipv4/ip_forward
within() { local name=$1; shift; ip netns exec "$name" "$@"; }
