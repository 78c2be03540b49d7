"""Drop-downs: drawn as Django would, whatever is in them."""

from django import forms

CHOICES = [
    ("", "All"),
    ('"><script>', "Lumen & <b>Sons</b>"),
    ("Clients", [(7, "Acme"), (8, "Birch")]),
]


def test_values_and_labels_are_escaped_and_the_chosen_one_is_selected() -> None:
    drawn = forms.Select(choices=CHOICES).render("client", 7)
    assert '<option value="&quot;&gt;&lt;script&gt;">Lumen &amp; &lt;b&gt;Sons&lt;/b&gt;</option>' in drawn
    assert '<option value="7" selected>Acme</option>' in drawn
    assert drawn.count("selected") == 1
    assert '<optgroup label="Clients">' in drawn


def test_a_closed_choice_says_why() -> None:
    class Closed(forms.Select):
        def create_option(self, *args: object, **kwargs: object) -> dict[str, object]:
            option: dict[str, object] = super().create_option(*args, **kwargs)  # type: ignore[arg-type]
            return option | {"attrs": {"disabled": True, "title": 'not "sold"'}}

    drawn = Closed(choices=[("de", "Germany")]).render("country", "")
    assert "disabled" in drawn
    assert 'title="not &quot;sold&quot;"' in drawn
