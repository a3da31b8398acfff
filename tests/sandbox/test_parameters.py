import pytest
from hypothesis import given
from hypothesis import strategies as st

from xacct.sandbox import parameters
from xacct.sandbox.errors import StsError


@given(st.permutations(range(1, 13)))
def test_lists_come_in_the_order_of_their_numbers(numbers):
    sent = {f"Keys.member.{n}": f"k{n}" for n in numbers} | {"Keys.member.x": "", "Key": ""}
    assert parameters.listed(sent, "Keys") == [{"": f"k{n}"} for n in range(1, 13)]


def test_members_of_a_list_may_have_fields():
    sent = {"Tags.member.1.Key": "k", "Tags.member.1.Value": "v", "Other.member.1.Key": "o"}
    assert parameters.listed(sent, "Tags") == [{"Key": "k", "Value": "v"}]


@pytest.mark.parametrize("text", ["", "soon", "1.5", "1e3", "٣", "9" * 99])
def test_anything_but_an_integer_is_malformed(text):
    with pytest.raises(StsError) as caught:
        parameters.integer({"DurationSeconds": text}, "DurationSeconds")
    assert caught.value.code == "MalformedInput"


@given(st.integers(-(10**17), 10**17))
def test_integers_are_read(number):
    assert parameters.integer({"N": str(number)}, "N") == number
